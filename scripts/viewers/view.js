// A canvas that shows a scene from a camera that turns around it.

import { WebGLRenderer, LinearSRGBColorSpace, ColorManagement } from "three";

ColorManagement.enabled = false; // colours are shown as they are stored

const TURN = 90; // degrees for one height of the canvas, at 60 degrees of view
const STEP = 6; // degrees for one key

/**
 * A scene is {start, limits, draw(renderer, camera)}; a camera is {azimuth, elevation, zoom} in
 * degrees, where zoom is the field of view of a panorama, and of an object 60 / its magnification.
 */
export class View {
  constructor(canvas, scene) {
    this.canvas = canvas;
    this.scene = scene;
    this.camera = { ...scene.start };
    this.onturn = () => {};
    this.renderer = new WebGLRenderer({ canvas, antialias: true, preserveDrawingBuffer: true });
    this.renderer.outputColorSpace = LinearSRGBColorSpace;
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(canvas);
    this.listen();
    this.draw();
  }

  /** Turns the camera, within the limits of the scene, and draws. */
  turn(change) {
    const [nearest, farthest] = this.scene.limits;
    Object.assign(this.camera, change);
    this.camera.azimuth = ((this.camera.azimuth % 360) + 360) % 360;
    this.camera.elevation = Math.min(90, Math.max(-90, this.camera.elevation));
    this.camera.zoom = Math.min(farthest, Math.max(nearest, this.camera.zoom));
    this.draw();
  }

  draw() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!width || !height) return;
    this.renderer.setPixelRatio(window.devicePixelRatio);
    this.renderer.setSize(width, height, false);
    this.scene.draw(this.renderer, this.camera, width / height);
  }

  listen() {
    const { canvas } = this;
    const turned = (change) => {
      this.turn(change);
      this.onturn(this.camera);
    };
    canvas.addEventListener("pointerdown", (event) => canvas.setPointerCapture(event.pointerId));
    canvas.addEventListener("pointermove", (event) => {
      if (!canvas.hasPointerCapture(event.pointerId)) return;
      const scale = (TURN * this.camera.zoom) / 60 / canvas.clientHeight;
      turned({
        azimuth: this.camera.azimuth - event.movementX * scale,
        elevation: this.camera.elevation + event.movementY * scale,
      });
    });
    canvas.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        turned({ zoom: this.camera.zoom * Math.exp(event.deltaY / 1000) });
      },
      { passive: false },
    );
    canvas.addEventListener("keydown", (event) => {
      const { azimuth, elevation, zoom } = this.camera;
      const change = {
        ArrowLeft: { azimuth: azimuth - STEP },
        ArrowRight: { azimuth: azimuth + STEP },
        ArrowUp: { elevation: elevation + STEP },
        ArrowDown: { elevation: elevation - STEP },
        "+": { zoom: zoom / 1.1 },
        "-": { zoom: zoom * 1.1 },
      }[event.key];
      if (!change) return;
      event.preventDefault();
      event.stopPropagation();
      turned(change);
    });
  }

  close() {
    this.observer.disconnect();
    this.renderer.dispose();
    this.renderer.forceContextLoss();
  }
}
