/// The style of the report's pages: one column of text, pictures of the same width, tables that scroll on
/// a phone; in print nothing is cut and links show their target.
enum Stylesheet {
  static let text = """
    :root { color-scheme: light; --ink: #1b1f24; --soft: #57606a; --line: #d5dae0; --back: #f6f7f9;
      --pass: #00704f; --fail: #b3261e; --link: #0b5cad; }
    * { box-sizing: border-box; }
    body { margin: 0 auto; padding: 1rem 1.1rem 4rem; max-width: 62rem; color: var(--ink); background: #fff;
      font: 1.02rem/1.55 "Helvetica Neue", Helvetica, Arial, "DejaVu Sans", sans-serif; }
    h1 { font-size: 1.7rem; line-height: 1.2; margin: 0.6rem 0 0.4rem; }
    h2 { font-size: 1.2rem; margin: 2.2rem 0 0.5rem; border-bottom: 1px solid var(--line); padding-bottom: 0.2rem; }
    p, li { overflow-wrap: break-word; }
    p, ul, pre, .formula { max-width: 46rem; }
    a { color: var(--link); }
    nav { font-size: 0.95rem; }
    .lead { font-size: 1.15rem; margin: 0 0 0.8rem; }
    .soft { color: var(--soft); }
    .badge { display: inline-block; padding: 0.1rem 0.6rem; border-radius: 1rem; border: 1.5px solid currentColor;
      font-weight: 600; font-size: 0.95rem; }
    .pass { color: var(--pass); }
    .fail { color: var(--fail); }
    .figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 27rem), 1fr)); gap: 1.2rem 1.6rem;
      margin: 1.2rem 0; }
    figure { margin: 0; break-inside: avoid; overflow-x: auto; }
    figure svg { display: block; width: 100%; min-width: 25rem; max-width: 46rem; height: auto; }
    figcaption { color: var(--soft); margin-top: 0.3rem; }
    .formula { overflow-x: auto; overflow-y: hidden; padding: 0.35rem 0; text-align: center; }
    math { font-size: 1.08em; }
    .scroll { overflow-x: auto; margin: 1rem 0; }
    table { border-collapse: collapse; font-size: 0.93rem; font-variant-numeric: tabular-nums; min-width: 60%; }
    caption { text-align: left; font-weight: 600; padding-bottom: 0.3rem; }
    th, td { padding: 0.22rem 0.7rem 0.22rem 0; text-align: right; vertical-align: top; }
    thead th { border-bottom: 1.5px solid var(--ink); font-weight: 600; }
    tbody tr { border-bottom: 1px solid var(--line); break-inside: avoid; }
    th:first-child { text-align: left; font-weight: normal; }
    .claims { list-style: none; padding: 0; }
    .claims li { border-left: 4px solid currentColor; padding: 0.1rem 0 0.1rem 0.8rem; margin: 0.9rem 0;
      break-inside: avoid; }
    .claims li > * { color: var(--ink); }
    .claims .verdict { color: inherit; font-weight: 700; margin-right: 0.4rem; }
    .claims dl { display: flex; flex-wrap: wrap; gap: 0.1rem 1.4rem; margin: 0.15rem 0 0; font-size: 0.93rem; }
    .claims dl div { display: flex; gap: 0.4rem; }
    dt { color: var(--soft); }
    dd { margin: 0; font-variant-numeric: tabular-nums; }
    pre { background: var(--back); border: 1px solid var(--line); padding: 0.6rem 0.8rem; overflow-x: auto;
      font-size: 0.88rem; white-space: pre-wrap; overflow-wrap: anywhere; }
    .cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr)); gap: 1.3rem; padding: 0;
      list-style: none; max-width: none; }
    .cards li { border: 1px solid var(--line); border-radius: 6px; padding: 0.8rem; break-inside: avoid; }
    .cards img { width: 100%; height: 11rem; object-fit: contain; display: block; }
    .cards h2 { border: 0; margin: 0.4rem 0 0.2rem; font-size: 1.05rem; }
    .cards p { margin: 0.2rem 0; font-size: 0.95rem; }
    body.index { max-width: 74rem; }
    @media print {
      body { max-width: none; padding: 0; font-size: 10.5pt; }
      nav { display: none; }
      .scroll, .formula, figure { overflow: visible; }
      figure svg { min-width: 0; max-height: 10cm; }
      h2, h3, caption { break-after: avoid; }
      table { font-size: 8.5pt; }
      .sources a::after { content: " (" attr(href) ")"; }
    }

    """
}
