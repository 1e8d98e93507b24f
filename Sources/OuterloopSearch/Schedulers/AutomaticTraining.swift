internal import OuterloopNumerics
public import OuterloopStudy

/// The default where a training has epochs: decides how far trials are trained by what there is.
///
/// - none, where so few trials are to be made that there is nothing to choose from.
/// - `freeze-thaw`, where one objective, and what epochs cost, is all there is to look at: of the schedulers it has
///   the smallest regret on recorded learning curves (`Benchmarks/results/learning-curves.md`).
/// - `asha` where something was said that freeze-thaw passes over: a sampler, several objectives, bounds, priors,
///   earlier results. Then configurations come from that sampler. Also where OpenBLAS is not installed.
/// - `asha:stopping=true` when a trial that was to go on has begun at epoch 0 again, and rests without a checkpoint
///   once more: a program that cannot go on from where it rested is better run to the end in one go. The first rest
///   alone says nothing: many programs write no checkpoint in their first epoch, or only every few epochs. The
///   searcher of that scheduler then observes the study from its first event on.
///
/// So what it does is a function of the study and its events, and replays agree.
struct AutomaticTraining: Searcher {
  private let specification: StudySpecification
  private let sampler: SamplerMethod
  private var searcher: any Searcher
  private var plan: AutomaticTrainingChoice
  private var log: [Event] = []
  private var failure: (any Error)?

  init(_ specification: StudySpecification, _ sampler: SamplerMethod) throws {
    self.specification = specification
    self.sampler = sampler
    plan = AutomaticTrainingChoice(specification)
    searcher = try plan.method(sampler).searcher(specification)
  }

  var choice: String? {
    ([plan.description] + [searcher.choice].compactMap(\.self)).joined(separator: "; ")
  }

  mutating func observe(_ event: Event, in history: History) {
    if plan.scheduler != .stopping { log.append(event) }
    guard plan.scheduler != .stopping, plan.scheduler != .none, case .paused = event.kind,
      history.trials[event.trial].hasRestartedWithoutCheckpoint
    else { return searcher.observe(event, in: history) }
    plan.stopRunning()
    do {
      searcher = try plan.method(sampler).searcher(specification)
      var past = History()
      for event in log {
        // Not every event of a study is a searcher's to see, so revisions may have gaps.
        past.apply(event)
        searcher.observe(event, in: past)
      }
    } catch { failure = error }
    log = []
  }

  mutating func propose(_ number: Int?, in history: History) throws -> Proposal {
    if let failure { throw failure }
    return try searcher.propose(number, in: history)
  }

  mutating func verdict(on trial: Int, in history: History) throws -> Verdict {
    try searcher.verdict(on: trial, in: history)
  }
}

extension Trial {
  /// Whether it came to rest more than once and has no checkpoint: it was trained from epoch 0 each time.
  fileprivate var hasRestartedWithoutCheckpoint: Bool {
    checkpoint == 0 && attempts.count { $0.ended != nil && $0.reason == nil } > 1
  }
}

/// What the scheduler `auto` does, and why.
public struct AutomaticTrainingChoice: Sendable, Hashable, CustomStringConvertible {
  enum Scheduler: Sendable {
    case none, freezeThaw, asha, stopping
  }

  private static let fewTrials = 10

  var scheduler: Scheduler
  /// As half a sentence.
  public var reason: String

  init(_ specification: StudySpecification) {
    let sampler = specification.method.sampler.name
    if specification.epochs == 1 {
      (scheduler, reason) = (.none, "as a training has one epoch")
    } else if specification.budget.epochs == nil,
      let trials = specification.budget.trials, trials < Self.fewTrials
    {
      (scheduler, reason) = (.none, "for fewer than \(Self.fewTrials) trials")
    } else if sampler != SamplerKind.auto.name {
      (scheduler, reason) = (.asha, "with the sampler \(sampler)")
    } else if specification.objectives.count > 1 {
      (scheduler, reason) = (.asha, "for several objectives")
    } else if !specification.constraints.isEmpty {
      (scheduler, reason) = (.asha, "for bounds on results")
    } else if !specification.priors.isEmpty || !specification.earlier.isEmpty {
      (scheduler, reason) = (.asha, "for what is known of good values")
    } else if (try? BLAS.load()) == nil {
      (scheduler, reason) = (.asha, "since OpenBLAS, which freeze-thaw needs, is not installed")
    } else {
      (scheduler, reason) = (.freezeThaw, "while programs continue from checkpoints, else asha")
    }
  }

  /// From here on what runs is stopped, and nothing rests any more.
  mutating func stopRunning() {
    (scheduler, reason) = (.stopping, "with stopping, since trials restart without a checkpoint")
  }

  /// What it does, in a word or two.
  public var name: String {
    switch scheduler {
    case .none: "to the end"
    case .freezeThaw: "freeze-thaw"
    case .asha, .stopping: "asha"
    }
  }

  /// What it does, and why.
  public var description: String { "\(name) \(reason)" }

  func method(_ sampler: SamplerMethod) -> SearchMethod {
    var options = AsynchronousHalvingOptions()
    options.stopping = scheduler == .stopping
    switch scheduler {
    case .none: return SearchMethod(sampler)
    case .freezeThaw: return .freezeThaw()
    case .asha, .stopping: return SearchMethod(sampler, .asha(options))
    }
  }
}

extension StudySpecification {
  /// What the scheduler `auto` begins with; nil if the study has another one.
  public var automaticTraining: AutomaticTrainingChoice? {
    method.scheduler.name == SchedulerKind.automaticName ? AutomaticTrainingChoice(self) : nil
  }
}

extension SchedulerKind {
  static let automaticName = "auto"

  static let auto = SchedulerKind(
    automaticName,
    "freeze-thaw where it can be used, else asha; programs without checkpoints are stopped early"
  ) { .automaticTraining($0) }
}

extension SearchMethod {
  /// Decides how far trials are trained by what there is; see `AutomaticTrainingChoice`.
  public static func automaticTraining(_ sampler: SamplerMethod = .auto()) -> SearchMethod {
    SearchMethod(
      MethodDescription(
        sampler.description, scheduler: ComponentDescription(SchedulerKind.automaticName))
    ) { try AutomaticTraining($0, sampler) }
  }
}
