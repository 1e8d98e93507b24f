// Notes in Markdown as nodes: a small subset, and nothing that could run. Headings, paragraphs,
// lists, quotations, code, rules, emphasis and links to http and https.

import { h } from "./dom.js";

/** The nodes of a note. */
export function markdown(text) {
  const lines = text.replace(/\r\n?/g, "\n").split("\n");
  return blocks(lines, 0);
}

const patterns = {
  fence: /^\s*(```|~~~)/,
  heading: /^(#{1,6})\s+(.+?)\s*#*$/,
  rule: /^\s*([-*_])(\s*\1){2,}\s*$/,
  quote: /^\s*>\s?/,
  item: /^(\s*)([-*+]|\d{1,9}[.)])\s+(.*)$/,
};

function blocks(lines, depth) {
  const nodes = [];
  let index = 0;
  while (index < lines.length) {
    const line = lines[index];
    const heading = patterns.heading.exec(line);
    if (line.trim() === "") {
      index += 1;
    } else if (patterns.fence.test(line)) {
      const mark = patterns.fence.exec(line)[1];
      const code = [];
      index += 1;
      while (index < lines.length && !lines[index].trim().startsWith(mark)) code.push(lines[index++]);
      index += 1;
      nodes.push(h("pre", { class: "block", tabindex: 0 }, h("code", null, code.join("\n"))));
    } else if (heading) {
      // The page has h1 and h2 already.
      nodes.push(h(`h${Math.min(6, heading[1].length + 2)}`, null, inline(heading[2])));
      index += 1;
    } else if (patterns.rule.test(line)) {
      nodes.push(h("hr"));
      index += 1;
    } else if (patterns.quote.test(line) && depth < 8) {
      const inner = [];
      while (index < lines.length && patterns.quote.test(lines[index])) {
        inner.push(lines[index++].replace(patterns.quote, ""));
      }
      nodes.push(h("blockquote", null, blocks(inner, depth + 1)));
    } else if (patterns.item.test(line) && depth < 8) {
      const [list, next] = listAt(lines, index, depth);
      nodes.push(list);
      index = next;
    } else {
      const paragraph = [];
      while (index < lines.length && lines[index].trim() !== "" && (paragraph.length === 0 || !beginsBlock(lines[index]))) {
        paragraph.push(lines[index++]);
      }
      nodes.push(h("p", null, inline(paragraph.join("\n"))));
    }
  }
  return nodes;
}

function beginsBlock(line) {
  return [patterns.fence, patterns.heading, patterns.rule, patterns.quote, patterns.item]
    .some((pattern) => pattern.test(line));
}

/** A list: its items, and indented lines, which belong to the item before. */
function listAt(lines, start, depth) {
  const [, indent, bullet] = patterns.item.exec(lines[start]);
  const isOrdered = /\d/.test(bullet);
  const list = h(isOrdered ? "ol" : "ul", isOrdered && parseInt(bullet, 10) !== 1 ? { start: parseInt(bullet, 10) } : null);
  let index = start;
  while (index < lines.length) {
    const item = patterns.item.exec(lines[index]);
    if (!item || item[1].length !== indent.length || /\d/.test(item[2]) !== isOrdered) break;
    const inner = [];
    index += 1;
    while (index < lines.length && lines[index].trim() !== ""
      && /^\s*/.exec(lines[index])[0].length > indent.length) {
      const line = lines[index];
      const depthOfLine = /^\s*/.exec(line)[0].length;
      inner.push(line.slice(Math.min(indent.length + 2, depthOfLine)));
      index += 1;
    }
    list.append(h("li", null, inline(item[3]), inner.length > 0 ? blocks(inner, depth + 1) : null));
  }
  return [list, index];
}

// Spans of bounded length, to bound the running time. An underscore within a word is a part of it.
const spans = new RegExp([
  /(?<ticks>`+)(?<code>.{1,1000}?)\k<ticks>(?!`)/,
  /\[(?<label>[^\]\n]{1,500})\]\((?<target>[^()\s]{1,2000})\)/,
  /(?<url>https?:\/\/[^\s<>()"']{1,2000}[^\s<>()"'.,;:!?])/,
  /\*\*(?=\S)(?<strong>.{1,1000}?)(?<=\S)\*\*/,
  /(?<!\w)__(?=\S)(?<strongToo>.{1,1000}?)(?<=\S)__(?!\w)/,
  /\*(?=\S)(?<emphasis>.{1,1000}?)(?<=\S)\*/,
  /(?<!\w)_(?=\S)(?<emphasisToo>.{1,1000}?)(?<=\S)_(?!\w)/,
  /\\(?<escaped>[\\`*_{}[\]()#+\-.!>])/,
  /(?<end> {2,}|\\)\n/,
].map((pattern) => pattern.source).join("|"), "gs");

function inline(text, depth = 0) {
  if (depth > 6) return [text];
  const nodes = [];
  let last = 0;
  for (const match of text.matchAll(spans)) {
    const found = match.groups;
    nodes.push(text.slice(last, match.index));
    last = match.index + match[0].length;
    const strong = found.strong ?? found.strongToo;
    const emphasis = found.emphasis ?? found.emphasisToo;
    if (found.code) nodes.push(h("code", null, found.code.trim() || found.code));
    else if (found.label) nodes.push(link(found.target, inline(found.label, depth + 1), match[0]));
    else if (found.url) nodes.push(link(found.url, found.url, found.url));
    else if (strong) nodes.push(h("strong", null, inline(strong, depth + 1)));
    else if (emphasis) nodes.push(h("em", null, inline(emphasis, depth + 1)));
    else if (found.escaped) nodes.push(found.escaped);
    else nodes.push(h("br"));
  }
  nodes.push(text.slice(last));
  return nodes;
}

/** A link to the web; anything else stays plain text. */
function link(target, content, source) {
  let url;
  try { url = new URL(target); } catch { return source; }
  if (url.protocol !== "http:" && url.protocol !== "https:") return source;
  return h("a", { href: url.href, rel: "noopener noreferrer", target: "_blank" }, content);
}
