/// A runnable experiment: a value whose properties are its settings. A row in `Laboratory.all` turns it
/// into a command, a page of the report and a subject of the shared tests.
public protocol Experiment: Sendable, Encodable {
  /// Its name and question.
  static var about: ExperimentDescription { get }
  /// Its settings, as the command line offers them.
  static var settings: [Setting<Self>] { get }
  /// Settings that take seconds, on bundled data.
  static var quick: Self { get }

  /// The settings of the full run.
  init()

  /// Checks what the ranges of single settings cannot: suitable data, consistent settings.
  /// - Throws: `LabError` or `DataError` naming what is wrong.
  func validate(_ context: ExperimentContext) throws

  /// Does the work; the same settings give the same numbers, measured times aside.
  /// - Throws: `ExperimentContext.Stopped` if it was asked to stop.
  func run(_ context: ExperimentContext) throws -> ExperimentReport
}

extension Experiment {
  public static var name: String { about.name }

  public func validate(_: ExperimentContext) throws {}

  /// Checks every setting.
  /// - Throws: an error naming the first one that is out of range or inconsistent with the others.
  public func check(_ context: ExperimentContext = ExperimentContext()) throws {
    for setting in Self.settings { try setting.check(self) }
    try validate(context)
  }

  /// The command that runs it, with all settings that differ from those of the full run.
  public var command: String {
    let full = Self()
    let words = Self.settings.compactMap { setting -> String? in
      let words = setting.words(self)
      // A word that begins with a minus would be parsed as an option.
      let gap = words.hasPrefix("-") ? "=" : " "
      return words == setting.words(full) ? nil : "--\(setting.name)\(gap)\(words)"
    }
    return (["outerloop lab \(Self.name)"] + words).joined(separator: " ")
  }
}

/// An experiment's name, question and method.
public struct ExperimentDescription: Sendable {
  /// A paper, and where it can be read.
  public struct Source: Sendable, Hashable {
    public var title: String
    public var link: String

    public init(_ title: String, _ link: String) {
      self.title = title
      self.link = link
    }
  }

  /// Its name on the command line.
  public var name: String
  /// What it shows, as half a sentence for lists.
  public var summary: String
  /// What it asks, in one sentence.
  public var question: String
  /// What is done and what the results are compared with, in a paragraph.
  public var method: String
  /// Paragraphs, separated by empty lines; `$...$` is an inline formula and a paragraph `$$...$$` a displayed
  /// one, in the TeX that `Formula` reads.
  public var mathematics: String
  public var sources: [Source]
  /// Whether its numbers contain times, which no two runs share.
  public var measuresTime: Bool

  public init(
    name: String, summary: String, question: String, method: String, mathematics: String,
    sources: [Source], measuresTime: Bool = false
  ) {
    self.name = name
    self.summary = summary
    self.question = question
    self.method = method
    self.mathematics = mathematics
    self.sources = sources
    self.measuresTime = measuresTime
  }
}
