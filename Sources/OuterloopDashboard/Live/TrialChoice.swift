internal import OuterloopStudy

/// Which trials of a study are listed, and in which order.
struct TrialChoice: Sendable, Hashable {
  /// An expression; nil: all.
  var condition: String?
  /// State names as in tables, including `stale`; empty: all.
  var states: Set<String> = []
  /// A column; nil: by number.
  var sort: String?
  var isReversed = false

  init() {}

  /// - Throws: `RequestError` for a state that no trial has.
  init(_ query: Query) throws {
    condition = query["where"].flatMap { $0.allSatisfy(\.isWhitespace) ? nil : $0 }
    states = Set(query.all("state"))
    if let unknown = states.subtracting(TrialColumns.states).min() {
      throw RequestError(
        .badRequest, "there is no state `\(unknown)`",
        "states are \(TrialColumns.states.joined(separator: ", "))")
    }
    sort = query["sort"].flatMap { $0.isEmpty ? nil : $0 }
    isReversed = try query.flag("reverse")
  }

  /// - Complexity: O(n log n) for n trials.
  func numbers(of trials: [Trial], over columns: TrialColumns, stale: Set<Int>) throws -> [Int] {
    let filter = try condition.map { try TrialFilter($0, over: columns) }
    let column = try sort.map { try columns.column(named: $0) }
    var chosen = trials
    if !states.isEmpty || filter != nil {
      chosen = trials.filter { trial in
        let isStale = stale.contains(trial.number)
        return (states.isEmpty || states.contains(isStale ? "stale" : trial.state.name))
          && filter?.admits(trial, isStale: isStale) ?? true
      }
    }
    guard let column else {
      let numbers = chosen.map(\.number)
      return isReversed ? numbers.reversed() : numbers
    }
    return column.sorted(chosen, isReversed: isReversed, isStale: stale.contains).map(\.number)
  }
}

/// A cache of the last orders: a scrolled table requests the same one page by page.
struct OrderCache: Sendable {
  private struct Key: Sendable, Hashable {
    var choice: TrialChoice
    var revision: Int
    var stale: Set<Int>
  }

  private var known: [(key: Key, order: [Int])] = []

  subscript(choice: TrialChoice, revision: Int, stale: Set<Int>) -> [Int]? {
    let key = Key(choice: choice, revision: revision, stale: stale)
    return known.first { $0.key == key }?.order
  }

  mutating func keep(_ order: [Int], _ choice: TrialChoice, _ revision: Int, _ stale: Set<Int>) {
    known.append((Key(choice: choice, revision: revision, stale: stale), order))
    if known.count > 4 { known.removeFirst() }
  }
}
