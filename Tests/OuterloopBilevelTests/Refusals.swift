import Testing

/// The text of the error that a call throws.
func message<Answer>(_ body: () throws -> Answer) -> String {
  do {
    _ = try body()
    return "nothing was thrown"
  } catch {
    return "\(error)"
  }
}

/// A call throws an error, of this type if one is named, that says all of this.
func expectError<Answer>(
  _ words: String..., as type: (any Error.Type)? = nil,
  sourceLocation: SourceLocation = #_sourceLocation, from body: () throws -> Answer
) {
  do {
    _ = try body()
    Issue.record("nothing was thrown", sourceLocation: sourceLocation)
  } catch {
    #expect(type == nil || Swift.type(of: error) == type, sourceLocation: sourceLocation)
    for word in words { #expect("\(error)".contains(word), sourceLocation: sourceLocation) }
  }
}
