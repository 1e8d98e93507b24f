internal import OuterloopLearning
public import OuterloopStudy
internal import OuterloopText

/// A folder of recorded learning curves in the format curves-v1: `meta.json`, which names the metric, the
/// search space and the tasks, and one file of curves for each task (`*.jsonl`, gzip or not), whose lines
/// are objects with `id`, `config` and an array for each metric.
public struct CurveFolder: Sendable {
  /// One of the folder's tables.
  public struct Task: Sendable, Hashable {
    public var name: String
    /// Inside the folder.
    public var file: String
    public var space: SearchSpace
    /// Only the lines with this value of `dataset`; nil: all.
    var dataset: Int?
  }

  public let path: String
  public let family: String
  public let objective: Objective
  public let tasks: [Task]
  /// How many values of each curve precede the first epoch: see `untrainedCount(_:family:)`.
  public let untrainedCount: Int

  /// - Throws: `DataError` naming the file and the member of it that is missing or wrong.
  public init(_ path: String) throws {
    let file = path + "/meta.json"
    var lines = try DataLines(path: file)
    var bytes: [UInt8] = []
    while let line = try lines.next() { bytes += line + [0x0A] }
    let meta = try JSONField(bytes[...], file: file)
    let format = try meta.member("format")
    guard try format.text() == "curves-v1" else { throw format.refusal("\"curves-v1\"") }
    self.path = path
    family = try meta.member("family").text()
    objective = Objective(
      try meta.member("metric").text(),
      try meta.member("minimize").bool() ? .minimize : .maximize)
    untrainedCount = try Self.untrainedCount(meta, family: family)
    let space = try meta.optional("parameters").map(Self.space)
    if let entries = meta.optional("tasks") {
      tasks = try entries.array().map { entry in
        guard let space = try entry.optional("parameters").map(Self.space) ?? space else {
          throw entry.refusal(
            what: "neither the task nor the folder has `parameters`", remedy: "list them")
        }
        return Task(
          name: try entry.member("name").text(), file: try entry.member("file").text(),
          space: space)
      }
    } else {
      // One file, whose lines name their data set.
      let (family, space) = (family, try space ?? Self.space(try meta.member("parameters")))
      tasks = try Self.datasets(in: path, family: family).map { dataset in
        Task(
          name: "\(family)-\(dataset)", file: "\(family).jsonl.gz", space: space, dataset: dataset)
      }
    }
  }

  /// The first value of a curve may be that of the model before any training, which no trial reports. The
  /// member `untrained_values` says how many there are; without it, it is 1 for the family `taskset`, as
  /// its note states, and 0 for all others.
  static func untrainedCount(_ meta: JSONField, family: String) throws -> Int {
    guard let field = meta.optional("untrained_values") else { return family == "taskset" ? 1 : 0 }
    let count = try field.int()
    guard count == 0 || count == 1 else { throw field.refusal("0 or 1") }
    return count
  }

  /// The numbers of the data sets in the one file of a family, in their order there.
  private static func datasets(in path: String, family: String) throws -> [Int] {
    let file = "\(path)/\(family).jsonl.gz"
    var lines = try DataLines(path: file)
    var seen: Set<Int> = []
    var order: [Int] = []
    while let line = try lines.next() {
      let dataset = try JSONField(line, file: file, line: lines.number).member("dataset").int()
      if seen.insert(dataset).inserted { order.append(dataset) }
    }
    return order
  }

  /// The task of this name.
  /// - Throws: `LabError` listing the available ones.
  public func task(_ name: String) throws -> Task {
    if let task = tasks.first(where: { $0.name == name }) { return task }
    let names = tasks.prefix(20).map(\.name).joined(separator: ", ")
    throw LabError(
      .setting, "\(path) has no task \(name)",
      remedy: "use one of \(names)\(tasks.count > 20 ? ", ..." : "")")
  }
}

extension CurveFolder {
  /// The search space that a list of parameters declares: `float` and `int` with `lower`, `upper` and
  /// `log`, `ordinal` and `categorical` with `choices`.
  static func space(_ parameters: JSONField) throws -> SearchSpace {
    var space = SearchSpace()
    for field in try parameters.array() {
      let name = try field.member("name").text()
      do {
        try space.add(ParameterDeclaration(name, try domain(field)))
      } catch let error as SpaceError {
        throw field.refusal(what: error.statement, remedy: error.remedy)
      }
    }
    return space
  }

  private static func domain(_ field: JSONField) throws -> Domain {
    let type = try field.member("type")
    let isLog = try field.optional("log")?.bool() ?? false
    switch try type.text() {
    case "float":
      return .float(
        try NumericRange(
          try field.member("lower").number(), try field.member("upper").number(), log: isLog))
    case "int":
      return try .int(try field.member("lower").int(), try field.member("upper").int(), log: isLog)
    case "ordinal": return .ordinal(try choices(field))
    case "categorical": return .categorical(try choices(field))
    default: throw type.refusal("float, int, ordinal or categorical")
    }
  }

  private static func choices(_ field: JSONField) throws -> [ParameterValue] {
    try field.member("choices").array().map { choice in
      guard let value = choice.parameterValue else { throw choice.refusal("a number or a text") }
      return value
    }
  }
}

extension JSONField {
  /// The value of a hyperparameter; nil for lists, objects and null.
  var parameterValue: ParameterValue? {
    switch value {
    case .bool(let value): .bool(value)
    case .int(let value): .int(value)
    case .float(let value): .float(value)
    case .text(let value): .text(value)
    case .null, .array, .object: nil
    }
  }
}
