internal import ArgumentParser
internal import OuterloopLab
internal import OuterloopSearch
internal import OuterloopStore
internal import OuterloopStudy
internal import OuterloopText

/// `outerloop importance`
struct Importance: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show which parameters matter.",
    discussion: """
      ped-anova: how much the values of the best tenth of the trials differ from those \
      of all. fanova: the share of the loss's variance over the whole space that is due to a \
      parameter alone, with the range over resampled trials. model: the share of the variance of \
      a Gaussian process that is due to a parameter, alone and in interactions. Shares sum to 1. \
      Of several \
      objectives, ped-anova takes the Pareto front's trials as the best unless --objective names one.

      JSON keys: study, method, objective (null: all together), trials (complete ones), parameters: \
      name, share, value, low, high (null without a range).
      """)

  enum Method: String, ExpressibleByArgument, CaseIterable {
    case pedANOVA = "ped-anova"
    case fANOVA = "fanova"
    case model
  }

  @OptionGroup(title: "Study")
  var choice: StudyChoice

  @Option(
    help: ArgumentHelp("The objective.", valueName: "metric"))
  var objective: String?

  @Option(help: "ped-anova, fanova or model.")
  var method = Method.pedANOVA

  @OptionGroup(title: "Output")
  var output: OutputOptions

  private struct Record: Encodable {
    struct Row: Encodable {
      var name: String
      var share, value: Double
      @OrNull var low: Double?
      @OrNull var high: Double?
    }
    var study, method: String
    @OrNull var objective: String?
    var trials: Int
    var parameters: [Row]
  }

  func run() async throws {
    let found = try await choice.find(.read)
    let specification = found.specification
    let place = try place(in: found)
    let trials = try await found.trials(TrialQuery(states: [.complete]))
    guard trials.count > 1 else {
      throw CommandError(
        "study `\(found.name)` has \(NumberText.count(trials.count, "complete trial"))",
        hint: "importance compares trials: run more by outerloop resume")
    }
    let importances =
      switch method {
      case .pedANOVA:
        try PEDANOVA().importances(trials, specification, objective: place)
      case .fANOVA: try FANOVA().importances(trials, specification, objective: place ?? 0)
      case .model: try StudyModel(specification, trials, objective: place ?? 0).importances()
      }
    if trials.count < Self.fewTrials {
      Terminal.say("of \(trials.count) trials, importances are rough: \(Self.fewTrials) say more")
    }
    guard output.json else { return try Terminal.print(text(importances)) }
    try Terminal.print(
      JSONText.of(
        Record(
          study: found.name, method: method.rawValue,
          objective: place.map { specification.objectives[$0].metric }, trials: trials.count,
          parameters: importances.map {
            Record.Row(
              name: $0.name, share: $0.share, value: $0.value, low: $0.interval?.lowerBound,
              high: $0.interval?.upperBound)
          })))
  }

  /// Below this number, the best tenth is fewer than five trials.
  private static let fewTrials = 50

  /// The index of the chosen objective; nil: all together.
  private func place(in found: StudyChoice.Found) throws -> Int? {
    if objective == nil, method == .pedANOVA, found.specification.objectives.count > 1 {
      return nil
    }
    return try found.place(ofObjective: objective, of: method.rawValue)
  }

  private func text(_ importances: [ParameterImportance]) -> String {
    let isRanged = importances.contains { $0.interval != nil }
    var table = TextTable(
      isRanged ? ["parameter", "share", "of variance", "range"] : ["parameter", "share", ""])
    let most = importances.map(\.share).max() ?? 0
    for importance in importances {
      var cells = [importance.name, NumberText.fixed(importance.share, digits: 3)]
      if isRanged {
        let range = importance.interval.map {
          "\(NumberText.fixed($0.lowerBound, digits: 3)) to "
            + NumberText.fixed($0.upperBound, digits: 3)
        }
        cells += [NumberText.fixed(importance.value, digits: 3), range ?? ""]
      } else {
        let length = most > 0 ? Int((importance.share / most * 30).rounded()) : 0
        cells.append(String(repeating: "#", count: length))
      }
      table.add(cells)
    }
    return table.text
  }
}
