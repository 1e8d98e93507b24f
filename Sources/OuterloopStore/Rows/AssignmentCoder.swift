internal import OuterloopStudy

/// Configurations of one space as JSON objects and back:
///
///     {"lr":0.01,"act":"relu"}
///
/// Keys stand in the order of the space, inactive parameters are absent. Reading counts on that, and
/// so costs one pass over the bytes without looking a name up.
struct AssignmentCoder: Sendable {
  private let names: ParameterNames
  /// `"lr":` for each parameter.
  private let keys: [[UInt8]]

  init(_ space: SearchSpace) {
    names = space.names
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

  /// - Throws: `JSONReader.Failure` if the text is no configuration of this space.
  func assignment(_ bytes: UnsafeBufferPointer<UInt8>) throws -> Assignment {
    var reader = JSONReader(bytes)
    guard reader.take([UInt8(ascii: "{")]) else { throw JSONReader.Failure() }
    var values = [ParameterValue?](repeating: nil, count: keys.count)
    for (index, key) in keys.enumerated() where reader.take(key) {
      values[index] = try reader.scalar().parameterValue
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
