internal import OuterloopStudy
internal import OuterloopText

/// How Optuna says what a study of ours says otherwise. It is kept with an imported study, as its
/// attribute `optuna`, so that an export says it again as it was said.
struct OptunaTerms {
  static let attribute = "optuna"

  /// Names of parameters there, by ours, where they differ.
  var names: [String: String] = [:]
  /// All choices of a parameter there, by its name here, where one of them is written otherwise.
  var choices: [String: [JSON]] = [:]
  /// The attribute with the names of the objectives, as it was; nil if they had none.
  var metricNames: String?
  /// What was added to a step to make an epoch of it.
  var shift = 0
  /// Whether constraints were a list, as before Optuna 5, and not one attribute each.
  var listsConstraints = false
  /// The study's user attributes: name and JSON.
  var attributes: [String: String] = [:]

  /// The name of a parameter there.
  func name(of ours: String) -> String { names[ours] ?? ours }

  /// By the name there, the name here.
  var ours: [String: String] {
    Dictionary(names.map { ($0.value, $0.key) }, uniquingKeysWith: { first, _ in first })
  }
}

// As the text of an attribute: JSON in which what Optuna wrote stands as text, since it writes NaN.
extension OptunaTerms {
  /// Those of a study; nil if it did not come from Optuna.
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
  /// As Python writes it: with NaN, Infinity and -Infinity, which are no JSON.
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
