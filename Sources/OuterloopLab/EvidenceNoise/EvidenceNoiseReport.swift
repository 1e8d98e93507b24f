internal import OuterloopCharts
internal import OuterloopLearning
internal import OuterloopNumerics
internal import OuterloopText

/// Tables, claims and pictures of the comparison.
struct EvidenceNoiseReport {
  private typealias Outcome = EvidenceNoiseTraining.Outcome
  let settings: EvidenceNoiseExperiment
  let runs: [EvidenceNoiseTraining.Run]
  let parts: DataParts

  func report() throws -> ExperimentReport {
    ExperimentReport(
      tables: [errors, models, chosen, bySeed], claims: claims, notes: notes,
      figures: [panels, rise, try pictures()])
  }

  // MARK: - Numbers

  /// One number per seed, for one criterion and one search.
  private func spread(
    _ criterion: SelectionCriterion, _ search: PrecisionSearch, _ value: (Outcome) -> Double
  ) -> Repetitions {
    Repetitions(
      values: runs.map { run in
        run.outcomes.first { $0.criterion == criterion && $0.search == search }.map(value) ?? .nan
      })
  }

  /// The mean of all searches, for each seed.
  private func means(
    _ criterion: SelectionCriterion, _ value: (Outcome) -> Double
  ) -> [Double] {
    runs.map { run in
      Repetitions(values: run.outcomes.filter { $0.criterion == criterion }.map(value)).mean
    }
  }

  /// By how much the bound's models differ from those of cross-validation.
  private func difference(_ value: (Outcome) -> Double) -> Repetitions {
    Repetitions(values: zip(means(.bound, value), means(.validation, value)).map { $0 - $1 })
  }

  private func rows(
    _ values: (SelectionCriterion, PrecisionSearch) -> [Double?]
  ) -> [ExperimentReport.Table.Row] {
    SelectionCriterion.allCases.flatMap { criterion in
      PrecisionSearch.allCases.map { search in
        .init("\(search.rawValue), \(criterion.rawValue)", values(criterion, search))
      }
    }
  }

  /// The increase of the error from no noise to the most.
  private static func rise(_ outcome: Outcome) -> Double {
    (outcome.errors.last ?? .nan) - (outcome.errors.first ?? .nan)
  }

  private var most: String { "\(settings.noise.last ?? .nan)" }

  // MARK: - Tables

  private var errors: ExperimentReport.Table {
    .init(
      "Test error by noise, %, mean of \(settings.seeds) seeds",
      columns: settings.noise.flatMap { ["sigma \($0)", "+-"] } + ["rise"],
      rows: rows { criterion, search in
        settings.noise.indices.flatMap { place in
          let values = spread(criterion, search) { $0.errors[place] }
          return [values.mean, values.interval]
        } + [spread(criterion, search, Self.rise).mean]
      })
  }

  /// How much of the difference is due to the precisions, and how much to the posterior.
  private var models: ExperimentReport.Table {
    .init(
      "Test error by model, mean of all searches, %",
      columns: settings.noise.map { "sigma \($0)" },
      rows: Self.models.map { name, criterion, errors in
        .init(
          name,
          settings.noise.indices.map { place in
            Repetitions(values: means(criterion) { $0[keyPath: errors][place] }).mean
          })
      })
  }

  private static let models:
    [(
      name: String, criterion: SelectionCriterion, errors: any KeyPath<Outcome, [Double]> & Sendable
    )] = [
      ("cross-validation", .validation, \.errors),
      ("variational bound", .bound, \.errors),
      ("the bound's precisions, mode only", .bound, \.modeErrors),
    ]

  private var chosen: ExperimentReport.Table {
    let names = ["layer 1", "bias 1", "layer 2", "bias 2"]
    return .init(
      "What was chosen, median of seeds",
      columns: ["looks", "objective"] + names.map { "a, \($0)" },
      rows: rows { criterion, search in
        [
          spread(criterion, search) { Double($0.looks) }.median,
          spread(criterion, search, \.objective).median,
        ]
          + names.indices.map { group in spread(criterion, search) { $0.precisions[group] }.median }
      })
  }

  private var bySeed: ExperimentReport.Table {
    let last = settings.noise.count - 1
    return .bySeed(
      "Test error by seed, mean of all searches, %", from: 0, count: settings.seeds,
      rows: SelectionCriterion.allCases.flatMap { criterion in
        [
          .init("\(criterion.rawValue), no noise", means(criterion) { $0.errors[0] }),
          .init("\(criterion.rawValue), sigma \(most)", means(criterion) { $0.errors[last] }),
        ]
      })
  }

  // MARK: - Claims

  private var claims: [Claim] {
    func worst(_ check: (EvidenceNoiseTraining.Checks) -> Double) -> Double {
      runs.map { check($0.checks) }.max() ?? .nan
    }
    let clean = difference { $0.errors[0] }
    let rise = difference(Self.rise)
    return [
      Claim(
        "The derivative of the bound through training is the same by reverse and forward mode",
        .secondMethod, in: 0...1e-3, measured: worst(\.modes),
        check: "relative difference at the start, largest of all seeds, single precision"),
      Claim(
        "At a given posterior it is the closed form", .closedForm, in: 0...1e-4,
        measured: worst(\.direct),
        check: "relative difference of the direct term from the formula, largest of all seeds"),
      Claim(
        "At the best posterior nothing flows through training: the direct derivative is all",
        .theory, in: 0...0.05, measured: worst(\.indirect),
        check:
          "share of the implicit term at a maximum of the bound of fixed draws, solved to a gradient of "
          + "0.0002, largest of all seeds"),
      Claim(
        "At a given posterior no precisions have a higher bound than 1 / mean of mu^2 + s^2",
        .theory, in: 0...(.infinity), measured: runs.map(\.checks.gain).min() ?? .nan,
        check: "gain over the precisions at the start in nats, smallest of all seeds"),
      Claim(
        "Models chosen by the bound err more on clean pictures", .expectation,
        in: 0...(.infinity), measured: clean.mean,
        check:
          "difference of test errors in percentage points, mean of searches and seeds; half its "
          + "95 % interval is \(NumberText.short(clean.interval))"),
      Claim(
        "They lose less to noise", .expectation, in: (-.infinity)...0, measured: rise.mean,
        check:
          "difference in how the error rises from no noise to sigma \(most), mean of searches and "
          + "seeds; half its 95 % interval is \(NumberText.short(rise.interval))"),
    ]
  }

  private var notes: [String] {
    [
      "\(settings.train) examples to train on and \(settings.validation) held out, with which the chosen models are trained "
        + "too; the bound uses all of them from the start. \(settings.test) to test on.",
      "The noise is added to the test pictures, whose pixels are in [0, 1], and to nothing else; all models read the same "
        + "noisy pictures.",
      "Every search looks for precisions between \(NumberText.short(EvidenceNoiseTraining.range.lowerBound)) and "
        + "\(NumberText.short(EvidenceNoiseTraining.range.upperBound)) and keeps the best it saw: \(settings.updates) "
        + "hypergradients, or \(3 * settings.updates) trainings of random search.",
      "HOAG under the bound is its direct derivative: the right side of its linear system is the derivative of the bound by "
        + "the posterior, which is 0 at the maximum, and with fresh draws at every step there is no tolerance to solve "
        + "to. That nothing is left out is checked on a bound of fixed draws. Greedy and DrMAD keep what flows through a "
        + "training that has not ended.",
      "A look is a training of random search, or a hypergradient; the objective is the held-out loss, or minus the bound for "
        + "an example. Precisions of 1 are those of the start: such a search saw nothing better.",
      "Cross-validation is a single split, as in the hypergradient methods' papers, not a mean over folds.",
    ]
  }

  // MARK: - Pictures

  private var panels: ExperimentReport.Picture {
    let highest =
      SelectionCriterion.allCases.flatMap { criterion in
        PrecisionSearch.allCases.flatMap { search in
          settings.noise.indices.map { place in
            let values = spread(criterion, search) { $0.errors[place] }
            return 1.05 * (values.mean + values.interval)
          }
        }
      }.max() ?? 100
    let charts = settings.noise.enumerated().map { place, sigma in
      BarChart(
        title: sigma == 0 ? "no noise" : "sigma = \(sigma)",
        y: Axis("test error, %", range: 0...Swift.max(highest, 1)),
        categories: PrecisionSearch.allCases.map(\.rawValue),
        series: SelectionCriterion.allCases.map { criterion in
          let values = PrecisionSearch.allCases.map { search in
            spread(criterion, search) { $0.errors[place] }
          }
          return .init(criterion.rawValue, values.map(\.mean), errors: values.map(\.interval))
        })
    }
    return .init(
      "panels.svg",
      "Test error by how the precisions were looked for and what they were chosen by, a panel for each noise, mean of all seeds "
        + "with 95 % intervals. All panels have the same scale: compare the two bars of a pair, then how fast each grows.",
      svg: SmallMultiples(
        title: "Test error under noise", figures: charts, columns: 2
      ).svg(width: 900, height: 680))
  }

  private var rise: ExperimentReport.Picture {
    let series = Self.models.enumerated().map { number, model in
      let spreads = settings.noise.indices.map { place in
        Repetitions(
          values: means(model.criterion) {
            $0[keyPath: model.errors][place] - $0[keyPath: model.errors][0]
          })
      }
      return LineChart.Series(
        model.name, x: settings.noise, y: spreads.map(\.mean),
        lower: spreads.map { $0.mean - $0.interval }, upper: spreads.map { $0.mean + $0.interval },
        style: number)
    }
    return .init(
      "rise.svg",
      "What the noise adds to the error, mean of the four searches, with the 95 % interval over seeds. Lower is "
        + "more robust. The third line has the precisions of the bound, but the mode of the posterior instead of draws: "
        + "it tells what the precisions do from what averaging does.",
      svg: LineChart(
        title: "What noise adds to the error", x: "sigma", y: "percentage points", series: series
      ).svg())
  }

  /// Some test images under all noise levels, with the predictions of the two models of DrMAD.
  private func pictures() throws -> ExperimentReport.Picture {
    let split = try ImageSplit(parts, settings.sizes, seed: 0)
    let shown = Swift.min(EvidenceNoiseTraining.shown, split.test.count)
    let labels = split.test.data.labels
    let read = SelectionCriterion.allCases.map { criterion in
      runs[0].outcomes.first { $0.criterion == criterion && $0.search == .drmad }?.readings ?? []
    }
    var cells: [ImageGrid.Cell] = []
    for (place, sigma) in settings.noise.enumerated() {
      let values = try EvidenceNoiseTraining.noisy(split, sigma, seed: 0).scalars(Float.self)
      for picture in 0..<shown {
        let pixels = values[(picture * split.pixels)..<((picture + 1) * split.pixels)]
        let answers = read.map { $0[place][picture] }
        cells.append(
          .init(
            GreyImage(
              width: split.width, height: split.height,
              values: pixels.map { Swift.min(Swift.max($0, 0), 1) }),
            caption: answers.map { "\($0)" }.joined(separator: " | "),
            isMarked: answers.contains { $0 != labels[picture] }))
      }
    }
    return .init(
      "pictures.svg",
      "The same test pictures under growing noise, a row for each sigma (seed 0, clipped to [0, 1] for showing), with what the "
        + "model chosen by cross-validation | by the bound takes them for (DrMAD). Framed: at least one is wrong.",
      svg: ImageGrid(title: "What the noise looks like", cells: cells, columns: shown)
        .svg(width: 900, height: 560))
  }
}
