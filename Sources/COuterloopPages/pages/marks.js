// The positions of trial marks in a picture, and the one nearest to the pointer.

/**
 * The marks of `svg` in its own coordinates. Circles, polygons and paths of points are points, lines
 * are lines, rectangles are areas.
 */
export function marksOf(svg) {
  const toRoot = svg.getScreenCTM()?.inverse();
  if (!toRoot) return [];
  const matrices = new Map();
  const marks = [];
  for (const node of svg.querySelectorAll("[data-trial]")) {
    const parent = node.parentNode;
    if (!matrices.has(parent)) matrices.set(parent, toRoot.multiply(node.getScreenCTM()));
    const matrix = matrices.get(parent);
    const at = (x, y) => [matrix.a * x + matrix.c * y + matrix.e, matrix.b * x + matrix.d * y + matrix.f];
    const trials = node.dataset.trial.split(/\s+/).map(Number);
    const number = (name) => Number(node.getAttribute(name));
    const [trial] = trials;
    switch (node.localName) {
      case "circle":
        marks.push({ node, trial, point: at(number("cx"), number("cy")) });
        break;
      case "rect": {
        const [x, y] = at(number("x"), number("y"));
        marks.push({ node, trial, box: [x, y, x + number("width"), y + number("height")] });
        break;
      }
      case "polygon": {
        const points = pointsOf(node, at);
        const sum = points.reduce(([a, b], [x, y]) => [a + x, b + y], [0, 0]);
        marks.push({ node, trial, point: [sum[0] / points.length, sum[1] / points.length] });
        break;
      }
      case "polyline":
        marks.push({ node, trial, line: pointsOf(node, at) });
        break;
      case "path": {
        let index = 0;
        for (const [, x, y] of node.getAttribute("d").matchAll(/M\s*(-?[\d.]+)[\s,]+(-?[\d.]+)/g)) {
          if (index < trials.length) marks.push({ node, trial: trials[index], point: at(Number(x), Number(y)) });
          index += 1;
        }
        break;
      }
      default: break;
    }
  }
  return marks;
}

function pointsOf(node, at) {
  const numbers = node.getAttribute("points").match(/-?[\d.]+(?:e-?\d+)?/g)?.map(Number) ?? [];
  const points = [];
  for (let index = 0; index + 1 < numbers.length; index += 2) points.push(at(numbers[index], numbers[index + 1]));
  return points;
}

/** The nearest mark within `reach` of (`x`, `y`), or null. Points win over lines, lines over areas. */
export function nearest(marks, x, y, reach) {
  let best = null;
  let least = reach * reach;
  for (const mark of marks) {
    if (mark.node.classList.contains("brushed-out")) continue;
    let distance;
    if (mark.point) distance = (mark.point[0] - x) ** 2 + (mark.point[1] - y) ** 2;
    else if (mark.line) distance = toLine(mark.line, x, y, least) + 1;
    else distance = toBox(mark.box, x, y) + 2;
    if (distance < least) { least = distance; best = mark; }
  }
  return best;
}

function toLine(points, x, y, least) {
  let best = Infinity;
  for (let index = 1; index < points.length; index += 1) {
    const [ax, ay] = points[index - 1];
    const [bx, by] = points[index];
    if ((ax - x) ** 2 > least && (bx - x) ** 2 > least && (ax - x) * (bx - x) > 0) continue;
    const length = (bx - ax) ** 2 + (by - ay) ** 2;
    const t = length === 0 ? 0 : Math.max(0, Math.min(1, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length));
    best = Math.min(best, (ax + t * (bx - ax) - x) ** 2 + (ay + t * (by - ay) - y) ** 2);
  }
  return best;
}

function toBox([left, top, right, bottom], x, y) {
  return Math.max(left - x, 0, x - right) ** 2 + Math.max(top - y, 0, y - bottom) ** 2;
}
