// An equirectangular picture, seen from inside. Column 0 lies at longitude -180, row 0 at latitude 90.

import {
  LinearFilter,
  Mesh,
  OrthographicCamera,
  PlaneGeometry,
  RepeatWrapping,
  Scene,
  ShaderMaterial,
  Texture,
  Vector3,
} from "three";

const CORNERS = `
varying vec2 place;
void main() {
  place = position.xy;
  gl_Position = vec4(position.xy, 0.0, 1.0);
}`;

const LOOK_UP = `
uniform sampler2D panorama;
uniform vec3 angles; // azimuth, elevation, half the field of view, in radians
uniform float aspect;
varying vec2 place;
const float PI = 3.141592653589793;
void main() {
  float a = angles.x, e = angles.y, reach = tan(angles.z);
  vec3 ray = normalize(vec3(place.x * reach * aspect, place.y * reach, -1.0));
  ray = vec3(ray.x, ray.y * cos(e) - ray.z * sin(e), ray.y * sin(e) + ray.z * cos(e));
  ray = vec3(ray.x * cos(a) - ray.z * sin(a), ray.y, ray.x * sin(a) + ray.z * cos(a));
  float longitude = atan(ray.x, -ray.z), latitude = asin(clamp(ray.y, -1.0, 1.0));
  vec2 texel = vec2(0.5 + longitude / (2.0 * PI), 0.5 + latitude / PI);
  gl_FragColor = vec4(textureLod(panorama, texel, 0.0).rgb, 1.0);
}`;

const radians = (degrees) => (degrees * Math.PI) / 180;

export async function openPanorama(bytes) {
  const picture = await createImageBitmap(new Blob([bytes]), { imageOrientation: "flipY" });
  const panorama = new Texture(picture);
  panorama.flipY = false; // the bitmap is flipped already
  panorama.wrapS = RepeatWrapping;
  panorama.minFilter = panorama.magFilter = LinearFilter;
  panorama.generateMipmaps = false;
  panorama.needsUpdate = true;
  const uniforms = { panorama: { value: panorama }, angles: { value: new Vector3() }, aspect: { value: 1 } };
  const material = new ShaderMaterial({ uniforms, vertexShader: CORNERS, fragmentShader: LOOK_UP });
  const scene = new Scene().add(new Mesh(new PlaneGeometry(2, 2), material));
  scene.children[0].frustumCulled = false;
  const eye = new OrthographicCamera();
  return {
    start: { azimuth: 0, elevation: 0, zoom: 72 },
    limits: [20, 110],
    draw(renderer, { azimuth, elevation, zoom }, aspect) {
      uniforms.angles.value.set(radians(azimuth), radians(elevation), radians(zoom / 2));
      uniforms.aspect.value = aspect;
      renderer.render(scene, eye);
    },
  };
}
