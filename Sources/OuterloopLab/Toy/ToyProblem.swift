internal import OuterloopAutodiff
internal import OuterloopBilevel
internal import OuterloopCharts
internal import OuterloopLearning
internal import OuterloopNumerics

/// The problem of the course: inner loss `L(w, h) = (h + w)^2`, outer loss `E(w) = w^2`.
///
/// Gradient descent with rate eta contracts `w + h` by `c = 1 - 2 eta` a step, so that
///
///     w_T = c^T w_0 - (1 - c^T) h
///
/// and everything about it is known in closed form.
struct ToyProblem: Sendable {
  /// eta
  var rate: Double

  /// c
  var contraction: Double { 1 - 2 * rate }

  typealias Problem = BilevelProblem<TrainingState<Tensor>, Pair<Tensor, Tensor>, NoTensors>

  /// The problem with `steps` steps of training; the hyperparameters are h and w_0.
  func problem(steps: Int) -> Problem {
    let rate = rate
    return Problem(
      steps: steps, weights: { $0.second }, optimizer: { _, _ in .sgd(rate: .init(rate)) },
      loss: { w, hyper in (hyper.first + w).square().sum() },
      outer: { w, _ in w.square().sum() })
  }

  static func point(h: Double, w: Double) -> Pair<Tensor, Tensor> {
    Pair(Tensor([h]), Tensor([w]))
  }

  // MARK: Closed forms

  /// c^steps
  func power(_ steps: Int) -> Double {
    (0..<steps).reduce(1) { product, _ in product * contraction }
  }

  /// w after `steps` steps.
  func trained(h: Double, w: Double, steps: Int) -> Double {
    let power = power(steps)
    return power * w - (1 - power) * h
  }

  /// dE(w_T)/dh by the last n steps of training: `-2 w_T (1 - c^n)`.
  func truncated(h: Double, w: Double, steps: Int, last n: Int) -> Double {
    -2 * trained(h: h, w: w, steps: steps) * (1 - power(n))
  }

  // MARK: Pictures

  /// A path in the plane of h and w.
  struct Track {
    var name: String
    var points: [(h: Double, w: Double)]
    var style: Int
  }

  /// The surfaces of L and E side by side, with the same tracks on both. The viewpoint looks towards
  /// increasing h and w, up the slopes that the tracks descend.
  static func surfaces(
    _ title: String, _ caption: String, _ tracks: [Track]
  ) -> [ExperimentReport.Picture] {
    func grid(_ values: [Double]) -> [Double] {
      let (low, high) = ((values + [0]).min() ?? 0, (values + [0]).max() ?? 1)
      let room = Swift.max(0.12 * (high - low), 0.05)
      return (0...32).map { low - room + (high - low + 2 * room) * Double($0) / 32 }
    }
    let points = tracks.flatMap(\.points)
    let (hs, ws) = (grid(points.map(\.h)), grid(points.map(\.w)))
    func surface(
      _ name: String, _ axis: Axis, _ height: (Double, Double) -> Double
    ) -> String {
      Surface(
        title: "\(title): \(name)", x: "h", y: "w", z: axis, xs: hs, ys: ws,
        values: hs.map { h in ws.map { height(h, $0) } },
        paths: tracks.map { track in
          .init(track.name, track.points.map { .init(x: $0.h, y: $0.w) }, style: track.style)
        }, azimuth: 28, elevation: 40
      ).svg(width: 600, height: 520)
    }
    return [
      .init(
        "training-surface.svg", caption,
        svg: surface("training loss", "L") { ($0 + $1) * ($0 + $1) }),
      .init(
        "validation-surface.svg", "The same on the validation loss.",
        svg: surface("validation loss", "E") { $1 * $1 }),
    ]
  }
}
