internal import ArgumentParser
internal import OuterloopStore
internal import OuterloopStudy
internal import OuterloopText

/// `outerloop extend`: extends the space of an existing study.
struct Extend: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Widen a range of a study, or add choices.",
    discussion: """
      Each --param names a parameter of the study, with a domain that holds all values of the present \
      one; its condition stays. Trials stay as they are, and count as trials of the wider space. \
      Processes that run the study use it at once. A study cannot be narrowed, and no parameters \
      can be added.

      outerloop extend --study study --param 'lr=log(1e-6, 1e-1)' --param 'opt=choice(sgd, adam, lion)'

      JSON keys: study, parameters, changed (names).
      """)

  @OptionGroup(title: "Study")
  var choice: StudyChoice

  @Option(
    help: ArgumentHelp(
      "A parameter with its wider domain: 'lr=log(1e-6, 1e-1)'. Repeat for more.",
      valueName: "name=kind(...)"))
  var param: [String]

  @OptionGroup(title: "Output")
  var output: OutputOptions

  struct Record: Encodable {
    var study: String
    var parameters, changed: [String]
  }

  func run() async throws {
    var found = try await choice.find()
    let space = try CommandError.usage {
      try found.specification.space.extended(by: param.map(ParameterDeclaration.init(parsing:)))
    }
    let changed = zip(found.specification.space.parameters, space.parameters).filter { $0 != $1 }
      .map(\.1)
    guard !changed.isEmpty else {
      throw CommandError(
        "study `\(found.name)` has these domains already", hint: "name a wider one", status: 64)
    }
    try await found.store.extend(found.id, to: space)
    found.specification.space = space
    let record = Record(
      study: found.name, parameters: space.parameters.map(\.description),
      changed: changed.map(\.name))
    if output.json { return try Terminal.print(JSONText.of(record)) }
    try Terminal.print(changed.map(\.description).joined(separator: "\n"))
    Terminal.say("\n\(try await found.next(found.runners()))")
  }

  /// The command that gives the study in `found` the space of `wanted`; nil if none does.
  static func command(_ found: StudyChoice.Found, to wanted: SearchSpace) -> String? {
    let kept = found.specification.space
    let changed = wanted.parameters.filter { parameter in
      kept.parameters.first { $0.name == parameter.name } != parameter
    }
    let declarations = changed.map { ParameterDeclaration($0.name, $0.domain) }
    guard kept.parameters.count == wanted.parameters.count,
      let space = try? kept.extended(by: declarations), space != kept
    else { return nil }
    let params = changed.map { " --param \(CommandText.quoted("\($0.name)=\($0.domain)"))" }
    return "outerloop extend\(found.naming)\(params.joined())"
  }
}
