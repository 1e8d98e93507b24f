internal import ArgumentParser
internal import OuterloopFoundation
internal import OuterloopSearch
internal import OuterloopStudy

/// Options for configurations to try before any other.
struct InitialConfigurationOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A configuration to try first: 'lr=0.001, opt=adam'. What is left out gets a value from the "
        + "sampler. Repeat for more.", valueName: "configuration"))
  var add: [String] = []
}

/// Parses configurations on the command line.
enum ConfigurationArguments {
  /// `lr=0.001, opt=adam`, or the same as a JSON object.
  /// - Throws: `SpaceError` that says what is wrong with it.
  static func values(_ text: String) throws -> [String: ParameterValue] {
    guard text.first(where: { !$0.isWhitespace }) == "{" else {
      return try ConfigurationText.values(text)
    }
    do {
      return try JSONDecoder().decode([String: ParameterValue].self, from: Data(text.utf8))
    } catch {
      throw SpaceError(
        "it is not a JSON object with a number, a text, true or false for each name",
        "write it as in 'lr=0.001, opt=adam', or {\"lr\": 0.001, \"opt\": \"adam\"}")
    }
  }

  /// The configurations that `texts` name, completed for trials from `first` on.
  /// - Throws: `CommandError` a usage error that names the text.
  static func of(
    _ texts: [String], in specification: StudySpecification, from first: Int,
    flag: String = "--add "
  ) throws -> [Assignment] {
    let method = try CommandError.usage { try SearchMethod.named(specification.method) }
    return try texts.enumerated().map { place, text in
      try CommandError.usage(about: flag + CommandText.quoted(text)) {
        let values = try values(text)
        let found = try specification.configuration(
          with: values, asTrial: first + place, by: method)
        for name in values.keys.sorted() where found[name] == nil {
          Terminal.say("note: `\(name)` is left out of \(found): it is inactive there")
        }
        return found
      }
    }
  }

  /// The configuration that `text` names, with a value for every parameter.
  static func whole(_ text: String, in specification: StudySpecification) throws -> Assignment {
    try CommandError.usage(about: "--params \(CommandText.quoted(text))") {
      let space = specification.space
      return try space.assignment(try space.canonical(try values(text)))
    }
  }

  /// Creates a waiting trial for each.
  static func enqueue(_ all: [Assignment], in found: StudyChoice.Found) async throws -> [Trial] {
    var trials: [Trial] = []
    for assignment in all {
      let kind = Event.Kind.enqueued(assignment, through: found.specification.epochs)
      let claim = try await found.store.add(kind, asTrial: nil, to: found.id, claimedBy: nil)
      if let claim { trials.append(claim.trial) }
    }
    return trials
  }
}
