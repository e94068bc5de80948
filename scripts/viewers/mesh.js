// A textured mesh (GLB), without lights: what is seen are the colours of the texture.

import { Color, DoubleSide, LinearFilter, MeshBasicMaterial, NoColorSpace, Scene } from "three";
import { GLTFLoader } from "three/examples/jsm/loaders/GLTFLoader.js";
import { ORBIT, fit, orbit } from "./orbit.js";

export async function openMesh(bytes) {
  const { scene: object } = await new GLTFLoader().parseAsync(bytes, "");
  const points = [];
  object.updateMatrixWorld(true);
  object.traverse((part) => {
    if (!part.isMesh) return;
    part.material = unlit(part.material.map);
    const corner = part.position.clone();
    for (let i = 0; i < part.geometry.attributes.position.count; i++) {
      corner.fromBufferAttribute(part.geometry.attributes.position, i).applyMatrix4(part.matrixWorld);
      points.push(corner.x, corner.y, corner.z);
    }
  });
  const { centre, radius } = fit(points);
  object.position.set(...centre.map((value) => -value / radius));
  object.scale.setScalar(1 / radius);
  const scene = new Scene().add(object);
  scene.background = new Color(1, 1, 1);
  return { ...ORBIT, draw: (renderer, camera, aspect) => renderer.render(scene, orbit(camera, aspect)) };
}

function unlit(map) {
  map.colorSpace = NoColorSpace;
  map.minFilter = map.magFilter = LinearFilter;
  map.generateMipmaps = false;
  map.needsUpdate = true;
  return new MeshBasicMaterial({ map, side: DoubleSide });
}
