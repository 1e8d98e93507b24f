internal import ArgumentParser
internal import OuterloopSearch
internal import OuterloopStore
internal import OuterloopStudy
internal import OuterloopText

/// `outerloop hint`: tells a running study where good values are likely to be.
struct Hint: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "State a prior belief about good values, also while a study runs.",
    discussion: """
      Like `outerloop tune --prior`. The search favours these values in the next trials, and relies \
      on its trials more and more; a hint that they contradict is dropped. Processes that run the \
      study use it for new trials. To try a configuration as it is: `outerloop add`.

      outerloop hint --study study 'lr=0.001±3x, opt=adam' 'units=64±16'

      JSON keys: study, hints (texts).
      """)

  @OptionGroup(title: "Study")
  var choice: StudyChoice

  @OptionGroup(title: "Output")
  var output: OutputOptions

  @Argument(
    help: ArgumentHelp(
      "Values by name, with their spread: 'lr=0.001±3x', 'units=64±16', "
        + "'opt=adam'; +- stands for ±.", valueName: "values"))
  var values: [String]

  struct Record: Encodable {
    var study: String
    var hints: [String]
  }

  func run() async throws {
    let found = try await choice.find()
    let priors = try CommandError.usage {
      try found.specification.space.checked(values.flatMap(ParameterPrior.parsing))
    }
    try await found.store.note(.hinted(priors), in: found.id)
    let record = Record(study: found.name, hints: priors.map(\.description))
    if output.json { return try Terminal.print(JSONText.of(record)) }
    try Terminal.print(record.hints.map(\.visible).joined(separator: "\n"))
    let method = found.specification.method
    let suited = SamplerKind.all.filter { $0.traits.contains(.heedsPriors) }.map(\.name)
    let isSuited =
      method.sampler == .noSampler
      ? try SchedulerKind.named(method.scheduler.name).traits.contains(.heedsPriors)
      : suited.contains(method.sampler.name)
    if !isSuited {
      let list = suited.joined(separator: ", ")
      let name =
        method.sampler == .noSampler
        ? "scheduler \(method.scheduler.name)" : "sampler \(method.sampler.name)"
      Terminal.say("note: the \(name) does not use hints; these samplers do: \(list)")
    }
    Terminal.say("\n\(try await found.next(found.runners()))")
  }
}
