/** Blocks per side of the images that the networks know; each counts the inked points of a square of 4 by 4. */
const BLOCKS = 8;
const POINTS = 32;

/** A square to draw a digit in, with a mouse, a pen or a finger. */
export class Pad {
  private readonly context: CanvasRenderingContext2D;
  private last: readonly [number, number] | null = null;
  private blank = true;

  /** `onChange` is called with every stroke. */
  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly onChange: () => void,
  ) {
    this.context = canvas.getContext('2d', { willReadFrequently: true })!;
    canvas.addEventListener('pointerdown', (event) => {
      if (!this.blank && this.shown) this.clear();
      this.shown = false;
      canvas.setPointerCapture(event.pointerId);
      this.last = null;
      this.stroke(event);
    });
    canvas.addEventListener('pointermove', (event) => {
      if (canvas.hasPointerCapture(event.pointerId)) for (const at of event.getCoalescedEvents()) this.stroke(at);
    });
  }

  /** True while an image of the dataset is shown: the next stroke begins a new one. */
  private shown = false;

  /** Removes all ink. */
  clear(): void {
    this.context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    this.blank = true;
    this.shown = false;
    this.onChange();
  }

  /** Shows an image of 8 by 8 shares of ink. */
  show(pixels: ArrayLike<number>): void {
    const { context, canvas } = this;
    context.clearRect(0, 0, canvas.width, canvas.height);
    const side = canvas.width / BLOCKS;
    const ink = getComputedStyle(canvas).color;
    for (let i = 0; i < BLOCKS * BLOCKS; i++) {
      context.globalAlpha = pixels[i]!;
      context.fillStyle = ink;
      context.fillRect((i % BLOCKS) * side, Math.floor(i / BLOCKS) * side, side, side);
    }
    context.globalAlpha = 1;
    this.blank = false;
    this.shown = true;
    this.known = Float32Array.from(pixels);
    this.onChange();
  }

  private known: Float32Array<ArrayBuffer> | null = null;

  /** What is drawn, as the dataset's images are made: enlarged to the frame, centred, and counted in blocks. Null while blank. */
  pixels(): Float32Array<ArrayBuffer> | null {
    if (this.blank) return null;
    if (this.shown) return this.known;
    const { width, height } = this.canvas;
    const { data } = this.context.getImageData(0, 0, width, height);
    let [left, right, top, bottom] = [width, -1, height, -1];
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        if (data[4 * (y * width + x) + 3]! < 128) continue;
        left = Math.min(left, x);
        right = Math.max(right, x);
        top = Math.min(top, y);
        bottom = Math.max(bottom, y);
      }
    const side = Math.max(right - left, bottom - top) + 1;
    const [originX, originY] = [(left + right + 1 - side) / 2, (top + bottom + 1 - side) / 2];
    const blocks = new Float32Array(BLOCKS * BLOCKS);
    for (let i = 0; i < POINTS * POINTS; i++) {
      const [column, row] = [i % POINTS, Math.floor(i / POINTS)];
      const x = Math.floor(originX + ((column + 0.5) * side) / POINTS);
      const y = Math.floor(originY + ((row + 0.5) * side) / POINTS);
      const inside = x >= 0 && x < width && y >= 0 && y < height;
      if (inside && data[4 * (y * width + x) + 3]! >= 128) blocks[(row >> 2) * BLOCKS + (column >> 2)]! += 1 / 16;
    }
    return blocks;
  }

  private stroke(event: PointerEvent): void {
    const box = this.canvas.getBoundingClientRect();
    const scale = this.canvas.width / box.width;
    const at = [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale] as const;
    const { context } = this;
    context.strokeStyle = getComputedStyle(this.canvas).color;
    context.lineWidth = this.canvas.width / 10;
    context.lineCap = 'round';
    context.lineJoin = 'round';
    context.beginPath();
    context.moveTo(...(this.last ?? at));
    context.lineTo(...at);
    context.stroke();
    this.last = at;
    this.blank = false;
    this.onChange();
  }
}
