// The player of motions: Motion.open(canvas, bytes) draws the skeleton of a .npy file of joints.
"use strict";

const Motion = (() => {
  const FPS = 20;
  const PARENTS = [-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19];
  const LEFT = new Set([1, 4, 7, 10, 13, 16, 18, 20]);
  const RIGHT = new Set([2, 5, 8, 11, 14, 17, 19, 21]);
  const HEAD = 15;
  const START = { azimuth: 50, elevation: 12, zoom: 1, frame: 0, playing: true };
  const TURN = 0.5; // degrees for a pixel
  const STEP = 6; // degrees for a key

  /** Positions (frames, 22, 3) in metres, as {count, values}, of a .npy file of float32. */
  function readJoints(bytes) {
    const data = new DataView(bytes);
    const letters = (start, end) => String.fromCharCode(...new Uint8Array(bytes.slice(start, end)));
    const large = data.getUint8(6) > 1;
    const start = large ? 12 : 10;
    const end = start + (large ? data.getUint32(8, true) : data.getUint16(8, true));
    const header = letters(start, end);
    const shape = header.match(/'shape': \((\d+), 22, 3\)/);
    if (letters(1, 6) !== "NUMPY" || !header.includes("'<f4'") || !shape)
      throw new Error("expected a .npy file of joints (frames, 22, 3), float32");
    return { count: Number(shape[1]), values: new Float32Array(bytes.slice(end)) };
  }

  /** Where the camera looks in each frame: the pelvis over the ground, averaged over a second. */
  function smoothPath({ count, values }) {
    const reach = FPS / 2;
    return Array.from({ length: count }, (_, frame) => {
      let [x, z, seen] = [0, 0, 0];
      for (let i = Math.max(0, frame - reach); i <= Math.min(count - 1, frame + reach); i++) {
        x += values[66 * i];
        z += values[66 * i + 2];
        seen++;
      }
      return [x / seen, z / seen];
    });
  }

  class Player {
    constructor(canvas, joints) {
      this.canvas = canvas;
      this.joints = joints;
      this.path = smoothPath(joints);
      this.camera = { ...START };
      canvas.classList.add("motion");
      this.onturn = () => {};
      this.bar = this.makeBar();
      canvas.after(this.bar);
      this.observer = new ResizeObserver(() => this.draw());
      this.observer.observe(canvas);
      this.listen();
      this.last = performance.now();
      this.tick = this.tick.bind(this);
      this.timer = requestAnimationFrame(this.tick);
    }

    makeBar() {
      const bar = document.createElement("div");
      bar.className = "player";
      this.button = Object.assign(document.createElement("button"), { type: "button" });
      this.slider = Object.assign(document.createElement("input"), {
        type: "range", min: 0, max: this.joints.count - 1, step: 1, ariaLabel: "Frame",
      });
      this.button.onclick = () => this.change({ playing: !this.camera.playing });
      this.slider.oninput = () => this.change({ frame: Number(this.slider.value), playing: false });
      bar.append(this.button, this.slider);
      return bar;
    }

    /** Changes the camera, the frame or whether it plays, and draws. */
    turn(change) {
      Object.assign(this.camera, change);
      this.camera.azimuth = ((this.camera.azimuth % 360) + 360) % 360;
      this.camera.elevation = Math.min(85, Math.max(-5, this.camera.elevation));
      this.camera.zoom = Math.min(4, Math.max(0.3, this.camera.zoom));
      this.draw();
    }

    change(change) {
      this.turn(change);
      this.onturn(this.camera);
    }

    tick(now) {
      if (this.camera.playing) {
        this.camera.frame = (this.camera.frame + ((now - this.last) / 1000) * FPS) % this.joints.count;
        this.draw();
      }
      this.last = now;
      this.timer = requestAnimationFrame(this.tick);
    }

    draw() {
      const { clientWidth: width, clientHeight: height } = this.canvas;
      if (!width || !height) return;
      const ratio = window.devicePixelRatio;
      const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
      if (this.canvas.width !== wide || this.canvas.height !== high)
        Object.assign(this.canvas, { width: wide, height: high });
      const frame = Math.floor(this.camera.frame);
      this.button.textContent = this.camera.playing ? "Pause" : "Play";
      this.slider.value = frame;
      const pen = this.canvas.getContext("2d");
      const style = getComputedStyle(this.canvas);
      pen.setTransform(ratio, 0, 0, ratio, 0, 0);
      pen.clearRect(0, 0, width, height);
      pen.lineCap = "round";
      const place = this.projection(width, height, this.path[frame]);
      this.drawFloor(pen, place, this.path[frame]);
      this.drawBody(pen, place, frame, style.color);
    }

    /** Pixels and distance of a point in metres, without perspective. */
    projection(width, height, [x0, z0]) {
      const { azimuth, elevation, zoom } = this.camera;
      const [a, e] = [(azimuth * Math.PI) / 180, (elevation * Math.PI) / 180];
      const scale = (zoom * Math.min(width, height)) / 2.6;
      return (x, y, z) => {
        const across = Math.cos(a) * (x - x0) - Math.sin(a) * (z - z0);
        const near = Math.sin(a) * (x - x0) + Math.cos(a) * (z - z0);
        const up = Math.cos(e) * (y - 0.85) - Math.sin(e) * near;
        return { x: width / 2 + scale * across, y: height / 2 - scale * up, near, scale };
      };
    }

    drawFloor(pen, place, [x0, z0]) {
      pen.strokeStyle = "rgba(128, 134, 146, 0.4)";
      pen.lineWidth = 1;
      const [reach, step] = [2.5, 0.5];
      const line = (from, to) => {
        pen.beginPath();
        pen.moveTo(from.x, from.y);
        pen.lineTo(to.x, to.y);
        pen.stroke();
      };
      for (let i = Math.ceil((x0 - reach) / step); i * step <= x0 + reach; i++)
        line(place(i * step, 0, z0 - reach), place(i * step, 0, z0 + reach));
      for (let i = Math.ceil((z0 - reach) / step); i * step <= z0 + reach; i++)
        line(place(x0 - reach, 0, i * step), place(x0 + reach, 0, i * step));
    }

    drawBody(pen, place, frame, middle) {
      const at = (joint) => place(...this.joints.values.subarray(66 * frame + 3 * joint, 66 * frame + 3 * joint + 3));
      const points = PARENTS.map((_, joint) => at(joint));
      const bones = PARENTS.map((_, joint) => joint).slice(1).sort((a, b) => points[a].near - points[b].near);
      pen.lineWidth = points[0].scale / 26;
      for (const joint of bones) {
        pen.strokeStyle = LEFT.has(joint) ? "#d66018" : RIGHT.has(joint) ? "#3f78d6" : middle;
        pen.beginPath();
        pen.moveTo(points[PARENTS[joint]].x, points[PARENTS[joint]].y);
        pen.lineTo(points[joint].x, points[joint].y);
        pen.stroke();
      }
      pen.fillStyle = middle;
      pen.beginPath();
      pen.arc(points[HEAD].x, points[HEAD].y, points[0].scale / 11, 0, 2 * Math.PI);
      pen.fill();
    }

    listen() {
      const { canvas } = this;
      canvas.addEventListener("pointerdown", (event) => canvas.setPointerCapture(event.pointerId));
      canvas.addEventListener("pointermove", (event) => {
        if (!canvas.hasPointerCapture(event.pointerId)) return;
        this.change({
          azimuth: this.camera.azimuth - TURN * event.movementX,
          elevation: this.camera.elevation + TURN * event.movementY,
        });
      });
      const zoomed = (event) => {
        event.preventDefault();
        this.change({ zoom: this.camera.zoom * Math.exp(-event.deltaY / 1000) });
      };
      canvas.addEventListener("wheel", zoomed, { passive: false });
      canvas.addEventListener("keydown", (event) => {
        const { azimuth, elevation, zoom, playing } = this.camera;
        const change = {
          ArrowLeft: { azimuth: azimuth - STEP },
          ArrowRight: { azimuth: azimuth + STEP },
          ArrowUp: { elevation: elevation + STEP },
          ArrowDown: { elevation: elevation - STEP },
          "+": { zoom: zoom * 1.1 },
          "-": { zoom: zoom / 1.1 },
          " ": { playing: !playing },
        }[event.key];
        if (!change) return;
        event.preventDefault();
        event.stopPropagation();
        this.change(change);
      });
    }

    close() {
      cancelAnimationFrame(this.timer);
      this.observer.disconnect();
      this.bar.remove();
    }
  }

  return { open: async (canvas, bytes) => new Player(canvas, readJoints(bytes)) };
})();
