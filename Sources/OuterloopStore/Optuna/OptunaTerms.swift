internal import OuterloopStudy
internal import OuterloopText

/// Optuna's form of what is represented differently in our study. It is stored with an imported
/// study, as its attribute `optuna`, so that an export restores it.
struct OptunaTerms {
  static let attribute = "optuna"

  /// Optuna's names of parameters, by ours, where they differ.
  var names: [String: String] = [:]
  /// All choices of a parameter in Optuna's form, by our name, where one of them differs.
  var choices: [String: [JSON]] = [:]
  /// The original attribute with the names of the objectives; nil if they had none.
  var metricNames: String?
  /// What is added to a step to get an epoch.
  var shift = 0
  /// Whether constraints were stored as a list, as before Optuna 5, and not as one attribute each.
  var listsConstraints = false
  /// The study's user attributes: name and JSON.
  var attributes: [String: String] = [:]

  /// Optuna's name of a parameter.
  func name(of ours: String) -> String { names[ours] ?? ours }

  /// Our names, by Optuna's.
  var ours: [String: String] {
    Dictionary(names.map { ($0.value, $0.key) }, uniquingKeysWith: { first, _ in first })
  }
}

// As the text of an attribute: JSON that embeds what Optuna wrote as text, since it writes NaN.
extension OptunaTerms {
  /// The terms of a study; nil if it was not imported from Optuna.
  init?(of specification: StudySpecification) {
    guard let text = specification.attributes[Self.attribute],
      let json = JSONReader.value(text)
    else { return nil }
    func texts(_ name: String) -> [String: String] { json[name]?.values(\.text) ?? [:] }
    names = texts("names")
    choices = texts("choices").compactMapValues { JSONReader.value($0)?.array }
    metricNames = json["metricNames"]?.text
    shift = json["shift"]?.int ?? 0
    listsConstraints = json["listsConstraints"]?.bool ?? false
    attributes = texts("attributes")
  }

  var text: String {
    JSON.object([
      "names": JSON(names) { .text($0) }, "choices": JSON(choices) { .text(JSON.array($0).python) },
      "metricNames": .text(metricNames), "shift": .int(shift),
      "listsConstraints": .bool(listsConstraints), "attributes": JSON(attributes) { .text($0) },
    ]).description
  }
}

extension JSON {
  /// As Python writes it: with NaN, Infinity and -Infinity, which are not valid JSON.
  var python: String {
    switch self {
    case .float(let value) where !value.isFinite:
      value.isNaN ? "NaN" : value > 0 ? "Infinity" : "-Infinity"
    case .array(let values): "[" + values.map(\.python).joined(separator: ", ") + "]"
    case .object(let members):
      "{" + members.map { "\(JSON.text($0.name)): \($0.value.python)" }.joined(separator: ", ")
        + "}"
    case .null, .bool, .int, .float, .text: description
    }
  }
}
