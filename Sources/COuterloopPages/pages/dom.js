// Building nodes. Everything that comes from a study becomes text, never markup.

const svgNamespace = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "class") node.setAttribute("class", value);
    else if (name === "data") Object.assign(node.dataset, value);
    else if (name === "value" && "value" in node) node.value = value;
    else if (name === "checked") node.checked = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  append(node, children);
  return node;
}

/** Appends nodes and texts; null and false are omitted, arrays are flattened. */
export function append(node, children) {
  for (const child of [children].flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child instanceof Node ? child : String(child));
  }
}

/** An HTML element: attributes, `on…` listeners, then children. */
export function h(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** An SVG element. */
export function s(tag, attributes, ...children) {
  return fill(document.createElementNS(svgNamespace, tag), attributes, children);
}

/** Replaces the contents of `node`. */
export function put(node, ...children) {
  node.replaceChildren();
  append(node, children);
  return node;
}

/** Changes the text only if it differs, so that selections survive. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Whether the text cursor or a selection is in `node`: updates then leave it alone. */
export function isInUse(node) {
  const selection = getSelection();
  return selection !== null && !selection.isCollapsed && node.contains(selection.anchorNode);
}

let count = 0;
/** An id that is new in this document. */
export function freshID(prefix) {
  count += 1;
  return `${prefix}-${count}`;
}
