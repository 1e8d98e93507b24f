internal import OuterloopStudy

/// A kind of plot of a study: its name, what it shows, when it applies, and how it is drawn.
///
/// Each has a file of its own, with the row below its mathematics; `StudyPlot.all` is the table that
/// commands, help and documentation read.
public struct StudyPlot: Sendable {
  /// What a picture shows.
  enum Drawing: Sendable {
    /// The whole study, or the objectives at some indices.
    case ofStudy(
      @Sendable (StudyFigures, _ places: [Int]) throws(StudyError) -> StudyFigures.SizedFigure)
    /// One objective, so that several objectives need several pictures; compared with the same plot
    /// of other studies.
    case ofObjective(
      @Sendable (StudyFigures, _ place: Int, _ others: [StudyFigures]) throws(StudyError)
        -> StudyFigures.SizedFigure)
  }

  /// Its name in commands.
  public let name: String
  /// A phrase that says what it shows.
  public let summary: String
  /// Whether studies can be compared in it.
  public let comparesStudies: Bool
  /// Whether it applies to a study of which this many objectives are shown.
  let applies: @Sendable (StudyFigures, _ objectives: Int) -> Bool
  let drawing: Drawing

  init(
    _ name: String, _ summary: String, comparesStudies: Bool = false,
    applies: @escaping @Sendable (StudyFigures, Int) -> Bool = { _, _ in true }, _ drawing: Drawing
  ) {
    self.name = name
    self.summary = summary
    self.comparesStudies = comparesStudies
    self.applies = applies
    self.drawing = drawing
  }

  /// Whether a picture shows one objective, so that several objectives need several pictures.
  public var isOfOneObjective: Bool { if case .ofObjective = drawing { true } else { false } }

  /// All there are, in the order in which they are listed and drawn.
  public static let all: [StudyPlot] = [
    .history, .curves, .rungs, .regret, .slices, .parallel, .rank, .contour, .model, .importance,
    .front, .frontInSpace,
    .hypervolume,
    .timeline, .distribution,
  ]

  /// The plot of this name; nil if there is none.
  public init?(named name: String) {
    guard let plot = Self.all.first(where: { $0.name == name }) else { return nil }
    self = plot
  }
}
