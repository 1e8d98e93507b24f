internal import OuterloopStudy
internal import OuterloopText

/// Configurations of one space as JSON objects and back:
///
///     {"lr":0.01,"act":"relu"}
///
/// Keys are in the order of the space; inactive parameters are absent. Reading relies on that and
/// needs one pass over the bytes, without looking up names.
struct AssignmentCoder: Sendable {
  private let names: ParameterNames
  private let parameters: [Parameter]
  /// `"lr":` for each parameter.
  private let keys: [[UInt8]]

  init(_ space: SearchSpace) {
    names = space.names
    parameters = space.parameters
    keys = names.all.map { Array(($0.jsonString + ":").utf8) }
  }

  func text(_ assignment: Assignment) -> String {
    var text = "{"
    for (name, value) in zip(assignment.names, assignment.values) {
      guard let value else { continue }
      if text.utf8.count > 1 { text += "," }
      name.writeJSONString(to: &text)
      text += ":"
      JSON(value).write(to: &text)
    }
    return text + "}"
  }

  /// - Throws: `JSONReader.Failure` if the text is not a configuration of this space.
  func assignment(_ bytes: UnsafeBufferPointer<UInt8>) throws -> Assignment {
    var reader = JSONReader(bytes)
    guard reader.take([UInt8(ascii: "{")]) else { throw JSONReader.Failure() }
    var values = [ParameterValue?](repeating: nil, count: keys.count)
    for (index, key) in keys.enumerated() where reader.take(key) {
      let value = try need(reader.scalar().parameterValue)
      guard parameters[index].domain.holds(value) else { throw JSONReader.Failure() }
      values[index] = value
      _ = reader.take([UInt8(ascii: ",")])
    }
    guard reader.take([UInt8(ascii: "}")]) else { throw JSONReader.Failure() }
    return Assignment(names, values: values)
  }

  func assignment(_ text: String) throws -> Assignment {
    var text = text
    return try text.withUTF8 { try assignment($0) }
  }
}

extension Domain {
  /// Whether it is a value in this domain's form; on a grid, whether it lies between its ends.
  fileprivate func holds(_ value: ParameterValue) -> Bool {
    switch (self, value) {
    case (.float(let range), .float(let number)): range.low <= number && number <= range.high
    case (.int(let range), .int(let number)):
      range.low <= Double(number) && Double(number) <= range.high
    case (.float, _), (.int, _): false
    case (.ordinal(let choices), _), (.categorical(let choices), _): choices.contains(value)
    case (.constant(let only), _): value == only
    }
  }
}
