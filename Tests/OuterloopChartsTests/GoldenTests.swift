import OuterloopCharts
import Testing

/// One small chart, byte for byte: whoever changes how charts look changes this text too.
@Suite struct GoldenTests {
  static let chart = LineChart(
    title: "a < b", x: "step", y: .log("loss"),
    series: [
      .init(
        "run", x: [0, 1, 2, 3], y: [1, 0.1, .nan, 0.01], lower: [0.5, 0.05, 0, 0.01],
        upper: [2, 0.2, 0, 0.02])
    ],
    references: [ReferenceLine(0.05, "goal")])

  @Test func smallChart() {
    #expect(Self.chart.svg(width: 240, height: 160) == Self.golden)
  }

  static let golden = """
    <svg xmlns="http://www.w3.org/2000/svg" width="240" height="160" viewBox="0 0 240 160" \
    role="img" aria-label="a &lt; b" font-family="Helvetica, Arial, 'DejaVu Sans', sans-serif">
    <rect x="0" y="0" width="240" height="160" fill="#ffffff"/>
    <text x="120" y="17.6" font-size="12.48" fill="#222222" text-anchor="middle" \
    font-weight="bold">a &lt; b</text>
    <text x="7.49" y="152.93" font-size="8.58" fill="#595959">a log axis)</text>
    <text x="7.49" y="141.35" font-size="8.58" fill="#595959">1 point not shown (not a number, or \
    not positive on</text>
    <rect x="53.73" y="30.08" width="146.68" height="50.9" fill="#ffffff"/>
    <line x1="53.73" y1="58.61" x2="200.41" y2="58.61" stroke="#f1f1f1" stroke-width="1"/>
    <line x1="56.55" y1="30.08" x2="56.55" y2="80.98" stroke="#e4e4e4" stroke-width="1"/>
    <line x1="150.57" y1="30.08" x2="150.57" y2="80.98" stroke="#e4e4e4" stroke-width="1"/>
    <line x1="53.73" y1="79.09" x2="200.41" y2="79.09" stroke="#e4e4e4" stroke-width="1"/>
    <line x1="53.73" y1="38.13" x2="200.41" y2="38.13" stroke="#e4e4e4" stroke-width="1"/>
    <rect x="53.73" y="30.08" width="146.68" height="50.9" fill="none" stroke="#8c8c8c" \
    stroke-width="1"/>
    <line x1="49.73" y1="79.09" x2="53.73" y2="79.09" stroke="#8c8c8c" stroke-width="1"/>
    <text x="48.11" y="82.37" font-size="9.36" fill="#222222" text-anchor="end">0.01</text>
    <line x1="49.73" y1="38.13" x2="53.73" y2="38.13" stroke="#8c8c8c" stroke-width="1"/>
    <text x="48.11" y="41.4" font-size="9.36" fill="#222222" text-anchor="end">1</text>
    <line x1="56.55" y1="80.98" x2="56.55" y2="84.98" stroke="#8c8c8c" stroke-width="1"/>
    <text x="56.55" y="94.08" font-size="9.36" fill="#222222" text-anchor="middle">0</text>
    <line x1="150.57" y1="80.98" x2="150.57" y2="84.98" stroke="#8c8c8c" stroke-width="1"/>
    <text x="150.57" y="94.08" font-size="9.36" fill="#222222" text-anchor="middle">2</text>
    <text x="127.07" y="108.06" font-size="10.53" fill="#222222" \
    text-anchor="middle">step</text>
    <text x="18.02" y="55.53" font-size="10.53" fill="#222222" text-anchor="middle" \
    transform="rotate(-90 18.02 55.53)">loss</text>
    <line x1="200.41" y1="64.78" x2="205.09" y2="64.78" stroke="#444444" stroke-width="1"/>
    <text x="206.96" y="68.05" font-size="9.36" fill="#222222">goal</text>
    <line x1="99.55" y1="124.39" x2="117.33" y2="124.39" stroke="#0072b2" stroke-width="1.56"/>
    <circle cx="108.44" cy="124.39" r="2.81" fill="#0072b2" stroke="#ffffff" \
    stroke-width="0.7"/>
    <text x="121.08" y="127.66" font-size="9.36" fill="#222222">run</text>
    <svg x="53.73" y="30.08" width="146.68" height="50.9" viewBox="53.73 30.08 146.68 50.9" \
    overflow="hidden">
    <polygon points="56.55,31.96 103.56,52.44 103.56,64.78 56.55,44.29" fill="#0072b2" \
    stroke-linejoin="round" fill-opacity="0.18"/>
    <line x1="53.73" y1="64.78" x2="200.41" y2="64.78" stroke="#444444" stroke-width="1.09" \
    stroke-dasharray="6 4"/>
    <polyline points="56.55,38.13 103.56,58.61" fill="none" stroke-linejoin="round" \
    stroke="#0072b2" stroke-width="1.56"/>
    </svg>
    <circle cx="56.55" cy="38.13" r="2.65" fill="#0072b2" stroke="#ffffff" stroke-width="0.7"/>
    <circle cx="103.56" cy="58.61" r="2.65" fill="#0072b2" stroke="#ffffff" stroke-width="0.7"/>
    <circle cx="197.59" cy="79.09" r="2.65" fill="#0072b2" stroke="#ffffff" stroke-width="0.7"/>
    </svg>

    """
}
