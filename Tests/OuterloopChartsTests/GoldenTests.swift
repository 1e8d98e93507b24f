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
    <text x="120" y="19.4" font-size="13.76" fill="#222222" text-anchor="middle" \
    font-weight="bold">a &lt; b</text>
    <text x="8.26" y="152.21" font-size="9.46" fill="#595959">a log axis)</text>
    <text x="8.26" y="139.44" font-size="9.46" fill="#595959">1 point not shown (not finite, or \
    not positive on</text>
    <rect x="59.24" y="33.16" width="137.11" height="39.71" fill="#ffffff"/>
    <line x1="59.24" y1="55.42" x2="196.35" y2="55.42" stroke="#f1f1f1" stroke-width="1"/>
    <line x1="61.87" y1="33.16" x2="61.87" y2="72.87" stroke="#e4e4e4" stroke-width="1"/>
    <line x1="149.76" y1="33.16" x2="149.76" y2="72.87" stroke="#e4e4e4" stroke-width="1"/>
    <line x1="59.24" y1="71.4" x2="196.35" y2="71.4" stroke="#e4e4e4" stroke-width="1"/>
    <line x1="59.24" y1="39.44" x2="196.35" y2="39.44" stroke="#e4e4e4" stroke-width="1"/>
    <rect x="59.24" y="33.16" width="137.11" height="39.71" fill="none" stroke="#8c8c8c" \
    stroke-width="1"/>
    <line x1="55.24" y1="71.4" x2="59.24" y2="71.4" stroke="#8c8c8c" stroke-width="1"/>
    <text x="53.04" y="75.01" font-size="10.32" fill="#222222" text-anchor="end">0.01</text>
    <line x1="55.24" y1="39.44" x2="59.24" y2="39.44" stroke="#8c8c8c" stroke-width="1"/>
    <text x="53.04" y="43.05" font-size="10.32" fill="#222222" text-anchor="end">1</text>
    <line x1="61.87" y1="72.87" x2="61.87" y2="76.87" stroke="#8c8c8c" stroke-width="1"/>
    <text x="61.87" y="87.32" font-size="10.32" fill="#222222" text-anchor="middle">0</text>
    <line x1="149.76" y1="72.87" x2="149.76" y2="76.87" stroke="#8c8c8c" stroke-width="1"/>
    <text x="149.76" y="87.32" font-size="10.32" fill="#222222" text-anchor="middle">2</text>
    <text x="127.79" y="102.74" font-size="11.61" fill="#222222" \
    text-anchor="middle">step</text>
    <text x="19.87" y="53.02" font-size="11.61" fill="#222222" text-anchor="middle" \
    transform="rotate(-90 19.87 53.02)">loss</text>
    <line x1="196.35" y1="60.23" x2="201.51" y2="60.23" stroke="#444444" stroke-width="1"/>
    <text x="203.57" y="63.85" font-size="10.32" fill="#222222">goal</text>
    <line x1="97.45" y1="120.73" x2="117.06" y2="120.73" stroke="#0072b2" stroke-width="1.72"/>
    <circle cx="107.25" cy="120.73" r="3.1" fill="#0072b2" stroke="#ffffff" stroke-width="0.7"/>
    <text x="121.19" y="124.34" font-size="10.32" fill="#222222">run</text>
    <svg x="59.24" y="33.16" width="137.11" height="39.71" viewBox="59.24 33.16 137.11 39.71" \
    overflow="hidden">
    <polygon points="61.87,34.63 105.82,50.61 105.82,60.23 61.87,44.25" fill="#0072b2" \
    stroke-linejoin="round" fill-opacity="0.18"/>
    <line x1="59.24" y1="60.23" x2="196.35" y2="60.23" stroke="#444444" stroke-width="1.2" \
    stroke-dasharray="6 4"/>
    <polyline points="61.87,39.44 105.82,55.42" fill="none" stroke-linejoin="round" \
    stroke="#0072b2" stroke-width="1.72"/>
    </svg>
    <circle cx="61.87" cy="39.44" r="2.92" fill="#0072b2" stroke="#ffffff" stroke-width="0.7"/>
    <circle cx="105.82" cy="55.42" r="2.92" fill="#0072b2" stroke="#ffffff" stroke-width="0.7"/>
    <circle cx="193.71" cy="71.4" r="2.92" fill="#0072b2" stroke="#ffffff" stroke-width="0.7"/>
    </svg>

    """
}
