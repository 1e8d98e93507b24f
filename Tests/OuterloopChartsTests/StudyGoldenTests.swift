import OuterloopStudy
import Testing

@testable import OuterloopCharts

/// One small picture of a study, byte for byte.
@Suite struct StudyGoldenTests {
  @Test func smallPicture() throws {
    let figures = try RandomSearch("tiny", ["x=float(0, 1)"], [.minimize("loss")]) { trial, _ in
      trial == 1 ? .failed(.error) : .values([Double(3 - trial)])
    }.run(3)
    #expect(figures.history([0]).figure.svg(width: 320, height: 200) == Self.golden)
  }

  static let golden = """
    <svg xmlns="http://www.w3.org/2000/svg" width="320" height="200" viewBox="0 0 320 200" \
    role="img" aria-label="tiny: history" font-family="Helvetica, Arial, 'DejaVu Sans', \
    sans-serif">
    <rect x="0" y="0" width="320" height="200" fill="#ffffff"/>
    <text x="160" y="19.4" font-size="13.76" fill="#222222" text-anchor="middle" \
    font-weight="bold">tiny: history</text>
    <text x="8.26" y="192.21" font-size="9.46" fill="#595959">1 trial at the edge: beyond the \
    axis, or without a finite value</text>
    <rect x="42.72" y="33.16" width="256.64" height="92.48" fill="#ffffff"/>
    <line x1="52.23" y1="33.16" x2="52.23" y2="125.64" stroke="#e4e4e4" stroke-width="1"/>
    <line x1="171.04" y1="33.16" x2="171.04" y2="125.64" stroke="#e4e4e4" stroke-width="1"/>
    <line x1="289.85" y1="33.16" x2="289.85" y2="125.64" stroke="#e4e4e4" stroke-width="1"/>
    <line x1="42.72" y1="118.59" x2="299.36" y2="118.59" stroke="#e4e4e4" stroke-width="1"/>
    <line x1="42.72" y1="79.4" x2="299.36" y2="79.4" stroke="#e4e4e4" stroke-width="1"/>
    <line x1="42.72" y1="40.22" x2="299.36" y2="40.22" stroke="#e4e4e4" stroke-width="1"/>
    <rect x="42.72" y="33.16" width="256.64" height="92.48" fill="none" stroke="#8c8c8c" \
    stroke-width="1"/>
    <line x1="38.72" y1="118.59" x2="42.72" y2="118.59" stroke="#8c8c8c" stroke-width="1"/>
    <text x="36.53" y="122.2" font-size="10.32" fill="#222222" text-anchor="end">1</text>
    <line x1="38.72" y1="79.4" x2="42.72" y2="79.4" stroke="#8c8c8c" stroke-width="1"/>
    <text x="36.53" y="83.02" font-size="10.32" fill="#222222" text-anchor="end">2</text>
    <line x1="38.72" y1="40.22" x2="42.72" y2="40.22" stroke="#8c8c8c" stroke-width="1"/>
    <text x="36.53" y="43.83" font-size="10.32" fill="#222222" text-anchor="end">3</text>
    <line x1="52.23" y1="125.64" x2="52.23" y2="129.64" stroke="#8c8c8c" stroke-width="1"/>
    <text x="52.23" y="140.09" font-size="10.32" fill="#222222" text-anchor="middle">0</text>
    <line x1="171.04" y1="125.64" x2="171.04" y2="129.64" stroke="#8c8c8c" stroke-width="1"/>
    <text x="171.04" y="140.09" font-size="10.32" fill="#222222" text-anchor="middle">1</text>
    <line x1="289.85" y1="125.64" x2="289.85" y2="129.64" stroke="#8c8c8c" stroke-width="1"/>
    <text x="289.85" y="140.09" font-size="10.32" fill="#222222" text-anchor="middle">2</text>
    <text x="171.04" y="155.51" font-size="11.61" fill="#222222" text-anchor="middle">trial</text>
    <text x="19.87" y="79.4" font-size="11.61" fill="#222222" text-anchor="middle" \
    transform="rotate(-90 19.87 79.4)">loss (minimize)</text>
    <circle cx="49.89" cy="173.5" r="3.72" fill="#0072b2" stroke="#ffffff" stroke-width="0.7"/>
    <text x="63.82" y="177.12" font-size="10.32" fill="#222222">complete</text>
    <polygon points="136.77,169.05 139.89,169.05 139.89,171.94 142.79,171.94 142.79,175.06 \
    139.89,175.06 139.89,177.96 136.77,177.96 136.77,175.06 133.87,175.06 133.87,171.94 \
    136.77,171.94" fill="#d55e00" stroke-linejoin="round" stroke="#ffffff" stroke-width="0.7"/>
    <text x="152.26" y="177.12" font-size="10.32" fill="#222222">failed</text>
    <line x1="197.36" y1="173.5" x2="216.97" y2="173.5" stroke="#222222" stroke-width="1.72"/>
    <text x="221.09" y="177.12" font-size="10.32" fill="#222222">best so far</text>
    <svg x="42.72" y="33.16" width="256.64" height="92.48" viewBox="42.72 33.16 256.64 92.48" \
    overflow="hidden">
    <polyline points="52.23,40.22 171.04,40.22 171.04,40.22 289.85,40.22 289.85,118.59" \
    fill="none" stroke-linejoin="round" stroke="#222222" stroke-width="1.72"/>
    </svg>
    <circle cx="52.23" cy="40.22" r="3.61" fill="#0072b2" fill-opacity="0.85" data-trial="0" \
    stroke="#ffffff" stroke-width="0.7"/>
    <circle cx="289.85" cy="118.59" r="3.61" fill="#0072b2" fill-opacity="0.85" data-trial="2" \
    stroke="#ffffff" stroke-width="0.7"/>
    <polygon points="169.53,31.6 172.56,31.6 172.56,34.42 175.38,34.42 175.38,37.45 172.56,37.45 \
    172.56,40.27 169.53,40.27 169.53,37.45 166.71,37.45 166.71,34.42 169.53,34.42" \
    fill="#d55e00" stroke-linejoin="round" fill-opacity="0.85" data-trial="1" stroke="#ffffff" \
    stroke-width="0.7"/>
    </svg>

    """
}
