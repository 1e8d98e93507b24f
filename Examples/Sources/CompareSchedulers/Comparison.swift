import Foundation
import OuterloopCharts

/// Races of several methods over the same seeds, as a table and two pictures.
struct Comparison {
  let data: String
  let epochs, budget: Int
  let methods: [String]
  let races: [Race]

  private func races(of method: String) -> [Race] { races.filter { $0.method == method } }

  private struct Statistics {
    let mean, error: Double

    /// Mean and standard error; no error of a single value.
    init(_ values: [Double]) {
      let mean = values.reduce(0, +) / Double(values.count)
      let squares = values.map { ($0 - mean) * ($0 - mean) }.reduce(0, +)
      self.mean = mean
      error =
        values.count < 2
        ? 0 : (squares / Double(values.count - 1) / Double(values.count)).squareRoot()
    }

    func text(_ digits: Int) -> String {
      String(format: "%.*f ± %.*f", digits, mean, digits, error)
    }
  }

  /// The incumbent's validation loss after each epoch of the budget. A study that ended before keeps its
  /// last.
  private func curve(_ method: String) -> [Statistics] {
    let curves = races(of: method).map { $0.incumbents.map(\.score.loss) }
    return (0..<budget).map { index in
      Statistics(curves.compactMap { index < $0.count ? $0[index] : $0.last })
    }
  }

  /// A row for each method: the incumbents after the whole budget, mean and standard error
  /// over seeds; after how many epochs the mean curve is where that of the last method, the reference, ends;
  /// what was tried; what it took.
  var table: String {
    let reference = methods.last.flatMap { curve($0).last?.mean } ?? 0
    var rows = [
      [
        "method", "validation loss", "test error, %", "as good as \(methods.last ?? "") after",
        "trials",
        "to the end", "search", "training",
      ]
    ]
    for method in methods {
      let own = races(of: method)
      let ends = own.compactMap(\.incumbents.last?.score)
      let curve = curve(method)
      let reached = curve.firstIndex { $0.mean <= reference }
      func mean(_ value: (Race) -> Double, _ format: String) -> String {
        String(format: format, Statistics(own.map(value)).mean)
      }
      rows.append([
        method, Statistics(ends.map(\.loss)).text(4),
        Statistics(ends.map { 100 * $0.testError }).text(2),
        reached.map { "\($0 + 1)" } ?? "never", mean({ Double($0.trials) }, "%.0f"),
        mean({ Double($0.complete(epochs)) }, "%.1f"),
        mean({ $0.seconds - $0.trainingSeconds }, "%.1f s"), mean({ $0.trainingSeconds }, "%.1f s"),
      ])
    }
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      row.indices.map { row[$0].padding(toLength: widths[$0], withPad: " ", startingAt: 0) }
        .joined(separator: "  ")
    }.joined(separator: "\n")
  }

  /// How the incumbents' validation loss falls with the epochs spent.
  var progress: LineChart {
    LineChart(
      title: "\(data): validation loss of the best so far", x: "epochs, over all trials",
      y: .log("cross-entropy, nats"),
      series: methods.map { method in
        let curve = curve(method)
        return LineChart.Series(
          method, x: (1...budget).map(Double.init), y: curve.map(\.mean),
          lower: curve.map { $0.mean - $0.error }, upper: curve.map { $0.mean + $0.error },
          markers: false, isStepped: true, dash: 0)
      },
      remark: "mean of \(Set(races.map(\.seed)).count) seeds, and its standard error")
  }

  /// Where the epochs went: the learning curves of every trial, a panel for each method, of the first seed.
  var curves: SmallMultiples {
    let first = methods.compactMap { races(of: $0).first }
    let losses = first.flatMap(\.observations).map { $0.score.loss }.filter(\.isFinite)
    let range = (losses.min() ?? 0.01) * 0.9...min(losses.max() ?? 10, 10)
    return SmallMultiples(
      title: "\(data): learning curves of all trials, seed \(races.first?.seed ?? 1)",
      figures: first.map { race in
        let trials = Dictionary(grouping: race.observations, by: \.trial)
        let best = race.incumbents.last?.trial
        let order = trials.keys.sorted { ($0 == best ? 1 : 0, $0) < ($1 == best ? 1 : 0, $1) }
        return LineChart(
          title: "\(race.method): \(trials.count) trials",
          x: .log("epoch", range: 0.9...Double(epochs)),
          y: .log("validation loss", range: range),
          series: order.map { trial in
            let curve = trials[trial, default: []]
            return LineChart.Series(
              "", x: curve.map { Double($0.epoch) },
              y: curve.map { $0.score.loss }, markers: trial == best,
              style: trial == best ? 4 : 0, dash: 0)
          })
      })
  }
}
