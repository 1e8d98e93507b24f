// Saving pictures: the SVG as received, or rendered as PNG.

import { h } from "./dom.js";

function save(blob, name) {
  const url = URL.createObjectURL(blob);
  const link = h("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

export function saveSVG(text, name) {
  save(new Blob([text], { type: "image/svg+xml" }), `${name}.svg`);
}

/** Draws the picture at twice its size. */
export async function savePNG(text, name) {
  const url = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const canvas = document.createElement("canvas");
    const scale = Math.min(2, 8000 / Math.max(image.naturalWidth, image.naturalHeight, 1));
    canvas.width = Math.round(image.naturalWidth * scale);
    canvas.height = Math.round(image.naturalHeight * scale);
    const context = canvas.getContext("2d");
    context.fillStyle = "#ffffff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((done) => { canvas.toBlob(done, "image/png"); });
    if (blob === null) throw new Error("The browser could not draw the picture as PNG.");
    save(blob, `${name}.png`);
  } finally {
    URL.revokeObjectURL(url);
  }
}

/** A file name of a text. */
export function fileName(...parts) {
  return parts.filter(Boolean).join("-").replace(/[^\p{L}\p{N}._-]+/gu, "_").slice(0, 120);
}
