// 3D Gaussians (PLY in the layout of Kerbl et al. 2023), blended from back to front.

import {
  BufferAttribute,
  Color,
  GLSL3,
  InstancedBufferAttribute,
  InstancedBufferGeometry,
  Mesh,
  NormalBlending,
  Scene,
  ShaderMaterial,
  Vector2,
} from "three";
import { ORBIT, fit, orbit } from "./orbit.js";

const C0 = 0.28209479177387814; // the constant spherical harmonic
const BLUR = 0.3; // square pixels, as in the paper
const MINIMUM_OPACITY = 0.1; // fainter Gaussians do not count for the size of the object

// A quadrilateral around each Gaussian; `offset` is in pixels from its centre.
const SPREAD = `
in vec3 centre;
in vec4 turn; // quaternion x, y, z, w
in vec3 size;
in vec4 colour;
uniform vec2 pixels;
uniform float focal; // in pixels
out vec2 offset;
out vec3 conic;
out vec4 shade;

mat3 rotation(vec4 q) {
  float x = q.x, y = q.y, z = q.z, w = q.w;
  return mat3(
    1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y + w * z), 2.0 * (x * z - w * y),
    2.0 * (x * y - w * z), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z + w * x),
    2.0 * (x * z + w * y), 2.0 * (y * z - w * x), 1.0 - 2.0 * (x * x + y * y));
}

void main() {
  vec3 eye = (viewMatrix * vec4(centre, 1.0)).xyz;
  mat3 axes = mat3(viewMatrix) * rotation(turn) * mat3(size.x, 0, 0, 0, size.y, 0, 0, 0, size.z);
  float depth = -eye.z;
  vec3 across = vec3(focal / depth, 0.0, focal * eye.x / (depth * depth)) * axes;
  vec3 up = vec3(0.0, focal / depth, focal * eye.y / (depth * depth)) * axes;
  float a = dot(across, across) + ${BLUR}, b = dot(across, up), c = dot(up, up) + ${BLUR};
  conic = vec3(c, -b, a) / (a * c - b * b);
  float reach = 3.5 * sqrt(0.5 * (a + c) + sqrt(0.25 * (a - c) * (a - c) + b * b));
  offset = position.xy * reach;
  shade = colour;
  gl_Position = projectionMatrix * vec4(eye, 1.0);
  gl_Position.xy += 2.0 * offset / pixels * gl_Position.w;
}`;

const SHADE = `
in vec2 offset;
in vec3 conic;
in vec4 shade;
out vec4 result;
void main() {
  float power = 0.5 * (conic.x * offset.x * offset.x + conic.z * offset.y * offset.y) + conic.y * offset.x * offset.y;
  float alpha = min(0.99, shade.a * exp(-power));
  if (alpha < 1.0 / 255.0) discard;
  result = vec4(shade.rgb, alpha);
}`;

export async function openGaussians(bytes) {
  const { count, column } = readPly(bytes);
  const logistic = (value) => 1 / (1 + Math.exp(-value));
  const opacity = column("opacity").map(logistic);
  const place = interleave(["x", "y", "z"].map(column));
  const solid = Array.from(opacity.keys()).filter((i) => opacity[i] >= MINIMUM_OPACITY);
  const used = solid.length ? solid.flatMap((i) => Array.from(place.subarray(3 * i, 3 * i + 3))) : place;
  const { centre, radius } = fit(used);
  const fitted = place.map((value, i) => (value - centre[i % 3]) / radius);
  const rgb = [0, 1, 2].map((k) => column(`f_dc_${k}`).map((value) => value * C0 + 0.5));
  const all = {
    centre: fitted,
    turn: interleave([1, 2, 3, 0].map((k) => column(`rot_${k}`)), true),
    size: interleave([0, 1, 2].map((k) => column(`scale_${k}`).map((value) => Math.exp(value) / radius))),
    colour: interleave([...rgb.map((part) => part.map((value) => Math.min(1, Math.max(0, value)))), opacity]),
  };
  const geometry = new InstancedBufferGeometry();
  geometry.setAttribute("position", new BufferAttribute(new Float32Array([-1, -1, 0, 1, -1, 0, 1, 1, 0, -1, 1, 0]), 3));
  geometry.setIndex([0, 1, 2, 0, 2, 3]);
  geometry.instanceCount = count;
  for (const [name, values] of Object.entries(all))
    geometry.setAttribute(name, new InstancedBufferAttribute(values.slice(), values.length / count));
  const uniforms = { pixels: { value: new Vector2() }, focal: { value: 1 } };
  const material = new ShaderMaterial({
    uniforms, vertexShader: SPREAD, fragmentShader: SHADE, glslVersion: GLSL3,
    transparent: true, depthTest: false, depthWrite: false, blending: NormalBlending,
  });
  const splats = new Mesh(geometry, material);
  splats.frustumCulled = false;
  const scene = new Scene().add(splats);
  scene.background = new Color(1, 1, 1);
  return {
    ...ORBIT,
    draw(renderer, camera, aspect) {
      const eye = orbit(camera, aspect);
      renderer.getDrawingBufferSize(uniforms.pixels.value);
      uniforms.focal.value = (eye.projectionMatrix.elements[5] * uniforms.pixels.value.y) / 2;
      sort(geometry, all, farthestFirst(fitted, eye.matrixWorldInverse.elements));
      renderer.render(scene, eye);
    },
  };
}

function farthestFirst(points, matrix) {
  const count = points.length / 3;
  const height = new Float32Array(count);
  for (let i = 0; i < count; i++)
    height[i] = matrix[2] * points[3 * i] + matrix[6] * points[3 * i + 1] + matrix[10] * points[3 * i + 2];
  return Uint32Array.from(height.keys()).sort((i, j) => height[i] - height[j]);
}

function sort(geometry, all, order) {
  for (const [name, values] of Object.entries(all)) {
    const attribute = geometry.attributes[name];
    const size = attribute.itemSize;
    order.forEach((from, to) => {
      for (let k = 0; k < size; k++) attribute.array[size * to + k] = values[size * from + k];
    });
    attribute.needsUpdate = true;
  }
}

/** Columns of equal length as rows, one after the other; each of length 1 if asked for. */
function interleave(columns, unit = false) {
  const [count, size] = [columns[0].length, columns.length];
  const rows = new Float32Array(count * size);
  for (let i = 0; i < count; i++) {
    const length = unit ? Math.hypot(...columns.map((values) => values[i])) || 1 : 1;
    for (let k = 0; k < size; k++) rows[i * size + k] = columns[k][i] / length;
  }
  return rows;
}

/** The vertices of a little-endian binary PLY of floats, as synclab writes it. */
function readPly(bytes) {
  const text = new TextDecoder("latin1").decode(bytes.slice(0, 8192));
  const end = text.indexOf("end_header\n") + "end_header\n".length;
  const header = text.slice(0, end);
  const count = Number(header.match(/element vertex (\d+)/)[1]);
  const names = [...header.matchAll(/property float (\w+)/g)].map((match) => match[1]);
  const values = new Float32Array(bytes.slice(end, end + 4 * count * names.length));
  const column = (name) => {
    const index = names.indexOf(name);
    return Float32Array.from({ length: count }, (_, i) => values[i * names.length + index]);
  };
  return { count, column };
}
