// A small line of the last minute.

import { colours, fitted } from "./paint.js";

const POINTS = 60;

export class Sparkline {
  constructor(canvas, colour) {
    this.canvas = canvas;
    this.colour = colour;
    this.values = [];
  }

  /** Add values, oldest first. */
  add(...values) {
    this.values.push(...values);
    this.values = this.values.slice(-POINTS);
    this.paint();
  }

  paint() {
    const { context, width, height } = fitted(this.canvas);
    if (this.values.length < 2 || width === 0) return;
    const highest = Math.max(...this.values, 1);
    const step = width / (POINTS - 1);
    const start = width - (this.values.length - 1) * step;
    const y = (value) => height - 2 - (value / highest) * (height - 5);
    const line = new Path2D();
    this.values.forEach((value, index) => line.lineTo(start + index * step, y(value)));
    const area = new Path2D(line);
    area.lineTo(width, height);
    area.lineTo(start, height);
    area.closePath();
    const colour = colours()[this.colour];
    context.globalAlpha = 0.14;
    context.fillStyle = colour;
    context.fill(area);
    context.globalAlpha = 1;
    context.strokeStyle = colour;
    context.lineWidth = 1.5;
    context.lineJoin = "round";
    context.stroke(line);
  }
}
