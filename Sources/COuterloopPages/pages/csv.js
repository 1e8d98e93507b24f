// The rows of a text with separators.

/** The first `limit` rows; the separator is the one of `,`, `;` and tab that the first line has most. */
export function parseCSV(text, limit) {
  const line = text.slice(0, 10_000).split(/\r?\n/, 1)[0];
  const separator = [",", "\t", ";"].reduce((best, next) => (line.split(next).length > line.split(best).length ? next : best));
  const rows = [];
  let row = [];
  let field = "";
  let isQuoted = false;
  const endRow = () => {
    row.push(field);
    if (row.length > 1 || row[0] !== "") rows.push(row);
    row = [];
    field = "";
  };
  for (let index = 0; index < text.length && rows.length < limit; index += 1) {
    const character = text[index];
    if (isQuoted) {
      if (character !== '"') field += character;
      else if (text[index + 1] === '"') { field += '"'; index += 1; } else isQuoted = false;
    } else if (character === '"' && field === "") {
      isQuoted = true;
    } else if (character === separator) {
      row.push(field);
      field = "";
    } else if (character === "\n") {
      if (field.endsWith("\r")) field = field.slice(0, -1);
      endRow();
    } else {
      field += character;
    }
  }
  if (rows.length < limit && (field !== "" || row.length > 0)) endRow();
  return rows;
}
