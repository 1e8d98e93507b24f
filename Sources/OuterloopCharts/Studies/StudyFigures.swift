public import OuterloopStudy

/// The pictures of a study in its current state: pure functions of its specification and its trials.
///
///     let figures = StudyFigures(specification, history)
///     for picture in try figures.pictures(.history) { save(picture.svg, as: picture.fileName) }
///
/// Values that are not finite, and those far beyond the others on the bad side, are drawn at the
/// edge of the axis, and a note under the picture counts them. A study without trials gives empty
/// frames with a message.
public struct StudyFigures: Sendable {
  /// What the study is.
  public let specification: StudySpecification
  /// By number.
  public let trials: [Trial]
  /// The scale of values; nil: logarithmic where they span decades. Where a value is not positive, a linear
  /// axis stands in for a logarithmic one.
  public var scale: AxisScale?
  /// The viewpoint of 3-D pictures.
  public var viewpoint = Viewpoint(azimuth: 35, elevation: 24)
  /// How much of a large study pictures show.
  public var detail = Detail.full
  /// The training log; nil if not given, so that `rungs` and `regret` cannot be drawn.
  let log: TrainingLog?

  /// Figures of a study from its trials.
  public init(_ specification: StudySpecification, _ trials: [Trial]) {
    self.specification = specification
    self.trials = trials
    log = nil
  }

  /// Figures of a study from its history.
  public init(_ specification: StudySpecification, _ history: History) {
    self.init(specification, history.trials)
  }

  /// With the training log, for the pictures that need it.
  public init(_ log: TrainingLog) {
    specification = log.specification
    trials = log.history.trials
    self.log = log
  }

  /// How much of a large study pictures show: as much as can be distinguished, or as much as fits into a document
  /// with many of them.
  public enum Detail: Sendable, Hashable {
    /// As much as can be told apart.
    case full
    /// As much as fits into a document with many figures.
    case compact
  }

  /// A picture and its file name.
  public struct Picture: Sendable, Hashable {
    /// The plot's.
    public let name: String
    /// The metric, for pictures of one objective; nil for others.
    public let objective: String?
    /// `history.svg`; `slices-loss.svg` if the study has several objectives.
    public let fileName: String
    /// The document.
    public let svg: String
  }

  /// The pictures of a plot: one, or for plots of one objective as many as there are metrics.
  ///
  /// - Parameters:
  ///   - metrics: the objectives to show; none for all.
  ///   - others: studies to compare with, in plots that compare studies only.
  /// - Throws: `StudyError` if an objective is unknown, or the plot does not apply: a front of one
  ///   objective, parameters that have one value each.
  /// - Complexity: O(n log n) in the number of trials, and O(n f) for fronts with f trials on them.
  ///   Documents stay below a few megabytes whatever n is.
  public func pictures(
    _ plot: StudyPlot, of metrics: [String] = [], comparedWith others: [StudyFigures] = []
  ) throws(StudyError) -> [Picture] {
    let places = try places(of: metrics)
    switch plot.drawing {
    case .ofStudy(let draw):
      let svg = try draw(self, places).svg
      return [
        Picture(name: plot.name, objective: nil, fileName: "\(plot.name).svg", svg: svg)
      ]
    case .ofObjective(let draw):
      var result: [Picture] = []
      for place in places {
        let svg = try draw(self, place, others).svg
        result.append(
          Picture(
            name: plot.name, objective: objectives[place].metric,
            fileName: fileName(plot, place), svg: svg))
      }
      return result
    }
  }

  /// Whether the plot applies to this study.
  public func applies(_ plot: StudyPlot, to metrics: [String] = []) -> Bool {
    plot.applies(self, metrics.isEmpty ? objectives.count : Set(metrics).count)
  }

  // MARK: What the pictures share

  /// A figure with a size that suits its contents.
  struct SizedFigure {
    var figure: any Figure
    var width = 640.0
    var height = 400.0
    var svg: String { figure.svg(width: width, height: height) }
  }

  var objectives: [Objective] { specification.objectives }

  func valueAxis(_ objective: Objective, _ values: [Double], label: String? = nil) -> ValueAxis {
    ValueAxis(objective, values, label: label, scale: scale)
  }

  /// The indices of the parameters that can vary.
  var variedParameters: [Int] {
    specification.space.parameters.indices.filter {
      specification.space.parameters[$0].domain.count != 1
    }
  }

  /// The indices of the metrics among the objectives; all of them if none is named.
  func places(of metrics: [String]) throws(StudyError) -> [Int] {
    guard !metrics.isEmpty else { return Array(objectives.indices) }
    var result: [Int] = []
    for metric in metrics {
      guard let place = objectives.firstIndex(where: { $0.metric == metric }) else {
        let known = objectives.map { "`\($0.metric)`" }.joined(separator: ", ")
        throw StudyError(
          "study `\(specification.name)` has no objective `\(metric)`", "it has \(known)")
      }
      if !result.contains(place) { result.append(place) }
    }
    return result
  }

  /// The title of a picture; long names leave room for what it is about.
  func title(_ about: String) -> String { "\(Self.short(specification.name)): \(about)" }

  static func short(_ name: String) -> String {
    name.count > 60 ? name.prefix(59) + "…" : name
  }

  /// A name that is valid on any file system and differs from those of the other objectives.
  private func fileName(_ plot: StudyPlot, _ place: Int) -> String {
    guard objectives.count > 1 else { return "\(plot.name).svg" }
    let names = objectives.map { Self.plain($0.metric) }
    let isUnique = names.count { $0 == names[place] } == 1
    return "\(plot.name)-\(names[place])\(isUnique ? "" : "-\(place + 1)").svg"
  }

  /// The letters and digits, at most 60, in lower case: some file systems are case-insensitive.
  private static func plain(_ metric: String) -> String {
    String(
      metric.lowercased().prefix(60).map { $0.isLetter || $0.isNumber || $0 == "-" ? $0 : "_" })
  }
}
