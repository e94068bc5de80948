// The viewers of the report: Viewers.open(kind, canvas, bytes) draws a panorama, a mesh or Gaussians.

import { openGaussians } from "./gaussians.js";
import { openMesh } from "./mesh.js";
import { openPanorama } from "./panorama.js";
import { View } from "./view.js";

const KINDS = { panorama: openPanorama, mesh: openMesh, gaussians: openGaussians };

/** Resolves to a View once the object is drawn. `bytes` is the ArrayBuffer of its file. */
export async function open(kind, canvas, bytes) {
  const scene = await KINDS[kind](bytes);
  return new View(canvas, scene);
}
