internal import OuterloopLearning
internal import OuterloopStudy
internal import OuterloopText

extension CurveFolder {
  /// The curves of a task.
  ///
  /// - Parameter limit: how many candidates to read at most, the first ones; nil: all.
  /// - Throws: `DataError` naming file, line and member; `LabError` if there are no curves.
  /// - Complexity: O(bytes).
  public func table(_ task: Task, limit: Int? = nil) throws -> CurveTable {
    let file = "\(path)/\(task.file)"
    var lines = try DataLines(path: file)
    var candidates: [CurveTable.Candidate] = []
    while candidates.count < limit ?? .max, let bytes = try lines.next() {
      if bytes.isEmpty { continue }
      let line = try JSONField(bytes, file: file, line: lines.number)
      if let dataset = task.dataset, try line.member("dataset").int() != dataset { continue }
      candidates.append(try candidate(line, number: candidates.count, in: task.space))
    }
    return try CurveTable(
      name: task.name, space: task.space, objective: objective, candidates: candidates)
  }

  private func candidate(
    _ line: JSONField, number: Int, in space: SearchSpace
  ) throws -> CurveTable.Candidate {
    let curve = try line.member(objective.metric)
    var values = try curve.numbers()
    guard values.count > untrainedCount else {
      throw curve.refusal(
        what: "the curve has \(values.count) values, of which \(untrainedCount) before training",
        remedy: "remove the line")
    }
    let untrained = untrainedCount > 0 ? values[0] : nil
    values.removeFirst(untrainedCount)
    return CurveTable.Candidate(
      id: try line.optional("id")?.int() ?? number,
      assignment: try assignment(try line.member("config"), in: space), untrained: untrained,
      values: values, epochCost: try line.optional("cost")?.number() ?? 1)
  }

  private func assignment(_ config: JSONField, in space: SearchSpace) throws -> Assignment {
    var given: [String: ParameterValue] = [:]
    for (name, field) in try config.members() {
      guard let index = space.index(of: name) else {
        throw config.refusal(
          what: "meta.json declares no parameter `\(name)`", remedy: "declare it there")
      }
      guard let value = field.parameterValue else { throw field.refusal("a number or a text") }
      given[name] = Self.rounded(value, into: space.parameters[index].domain)
    }
    do {
      return try space.assignment(given)
    } catch let error as SpaceError {
      throw config.refusal(what: error.statement, remedy: error.remedy)
    }
  }

  /// Recorded values are rounded to a few digits, which may take one past the end of its range.
  private static func rounded(_ value: ParameterValue, into domain: Domain) -> ParameterValue {
    guard case .float(let range) = domain, let number = value.number else { return value }
    let inside = range.nearest(number)
    return abs(inside - number) <= 1e-5 * abs(number) ? .float(inside) : value
  }
}
