internal import OuterloopSearch
internal import OuterloopStudy

extension StudyPlot {
  /// The plot `importance`: which parameters matter.
  public static let importance = StudyPlot(
    "importance", "which parameters matter",
    applies: { figures, _ in
      figures.variedParameters.count > 1 && figures.trials.count { $0.state == .complete } > 1
    },
    .ofObjective { figures, place, _ throws(StudyError) in try figures.importance(place) })
}

extension StudyFigures {
  /// The largest number of bars with readable names.
  private static let mostBars = 20
  /// The largest number of trials for fitting a forest: more take seconds and change little.
  private static let mostTrials = 2000

  /// Two bars for each parameter that can differ: its importance for reaching good values (PED-ANOVA),
  /// and its main effect's share of the variance (fANOVA) with the range over resampled trials. Of many
  /// parameters, the most important ones.
  func importance(_ place: Int) throws(StudyError) -> SizedFigure {
    let names = Set(try varied().map { specification.space.parameters[$0].name })
    let good = try importances { try PEDANOVA().importances($0, $1, objective: place) }
    let sample = Self.evenSample(
      of: trials.filter { $0.state == .complete }, most: Self.mostTrials)
    let variance = try importances { try FANOVA().importances(sample, $1, objective: place) }
    let shown = good.filter { names.contains($0.name) }.prefix(Self.mostBars)
    let byName = Dictionary(uniqueKeysWithValues: variance.map { ($0.name, $0) })
    let left = names.count - shown.count
    let about = title("importance for \(Self.short(objectives[place].metric))")
    return SizedFigure(
      figure: BarChart(
        title: left > 0 ? "\(about) (the \(shown.count) that matter most)" : about,
        y: Axis("share"), categories: shown.map(\.name),
        series: [
          .init("where good values are (PED-ANOVA)", shown.map(\.share)),
          .init(
            "share of the variance (fANOVA)", shown.map { byName[$0.name]?.value ?? 0 },
            ranges: shown.map { byName[$0.name]?.interval ?? 0...0 }),
        ]),
      width: max(640, 160 + 60 * Double(shown.count)), height: 420)
  }

  /// Importances by some measure, with errors that name the study.
  func importances(
    _ measure: ([Trial], StudySpecification) throws -> [ParameterImportance]
  ) throws(StudyError) -> [ParameterImportance] {
    do { return try measure(trials, specification) } catch let error as StudyError {
      throw error
    } catch { throw StudyError("importances cannot be computed: \(error)", "look at the trials") }
  }
}
