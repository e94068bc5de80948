// Cameras around an object whose box is centred and whose farthest point is 1 away, as synclab's.

import { PerspectiveCamera } from "three";

const FOV = 60; // degrees
const MARGIN = 1.05; // half the width that a fitted camera shows, in radii of the object
const DISTANCE = MARGIN / Math.sin(((FOV / 2) * Math.PI) / 180);

export const ORBIT = { start: { azimuth: 20, elevation: 15, zoom: FOV }, limits: [10, 90] };

/** At azimuth 0 it looks along -z from the +z axis; positive azimuths move it towards +x. */
export function orbit({ azimuth, elevation, zoom }, aspect) {
  const [a, e] = [(azimuth * Math.PI) / 180, (elevation * Math.PI) / 180];
  const camera = new PerspectiveCamera(FOV, aspect, 0.01, 100);
  camera.zoom = FOV / zoom;
  camera.up.set(-Math.sin(e) * Math.sin(a), Math.cos(e), -Math.sin(e) * Math.cos(a));
  camera.position.set(Math.cos(e) * Math.sin(a), Math.sin(e), Math.cos(e) * Math.cos(a));
  camera.position.multiplyScalar(DISTANCE);
  camera.lookAt(0, 0, 0);
  camera.updateProjectionMatrix();
  camera.updateMatrixWorld();
  return camera;
}

/** The centre of points (x, y, z, x, ...) and the largest distance from it. */
export function fit(points) {
  const low = [Infinity, Infinity, Infinity];
  const high = [-Infinity, -Infinity, -Infinity];
  points.forEach((value, i) => {
    low[i % 3] = Math.min(low[i % 3], value);
    high[i % 3] = Math.max(high[i % 3], value);
  });
  const centre = low.map((value, axis) => (value + high[axis]) / 2);
  let square = 0;
  for (let i = 0; i < points.length; i += 3) {
    const offset = centre.map((value, axis) => points[i + axis] - value);
    square = Math.max(square, offset.reduce((sum, value) => sum + value * value, 0));
  }
  return { centre, radius: Math.sqrt(square) || 1 };
}
