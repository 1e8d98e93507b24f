internal import OuterloopPlatform
public import OuterloopStudy

/// Removes the checkpoints that a policy does not keep.
///
/// With a number of best trials, those of all other trials that have ended go: complete ones beyond the best, pruned
/// and failed ones. Trials that rest keep theirs. Where all together take more space than they may, they go one
/// after the other until they fit: of failed and pruned trials, of complete ones from the worst on, and in the end
/// of trials that rest, from the worst on. Such a trial begins at epoch 0 again if it goes on. What belongs to a
/// trial that runs or waits for a worker stays, and so does that of the best trial.
///
/// Only what is in the trial's folder of checkpoints is removed, and the second links beside it; no symbolic link is
/// followed. What was written down of the checkpoints stays, so that a trial that goes on all the same
/// finds that they are gone (`KeptCheckpoints`). Trials at work hold a lock on their folders, as does who removes
/// something: several processes may collect at the same time.
///
/// - Complexity: a walk through the folders of trials that have had an attempt since the last time, if there is a
///   bound on space.
public struct CheckpointCollector: Sendable {
  private let folders: TrialFolders
  private let policy: CheckpointPolicy
  /// The space that a trial takes, after so many attempts.
  private var sizes: [Int: (attempt: Int, bytes: Int)] = [:]
  /// Trials whose checkpoints are gone, and after how many attempts.
  private var collected: [Int: Int] = [:]

  public init(_ policy: CheckpointPolicy, in folders: TrialFolders) {
    self.folders = folders
    self.policy = policy
  }

  /// What was done.
  public struct Outcome: Sendable, Hashable {
    /// Trials that rest, and begin at epoch 0 again if they go on.
    public var resting: [Int] = []
    /// Other trials whose checkpoints were removed.
    public var ended: [Int] = []
    /// The space that what has to stay takes, if that is more than it may.
    public var excess: Int?
    /// What could not be removed, and why.
    public var troubles: [String] = []
  }

  /// - Parameters:
  ///   - trials: all of the study.
  ///   - complete: the numbers of those that are complete, the best first.
  ///   - resting: of those that rest, the best first.
  public mutating func collect(_ trials: [Trial], complete: [Int], resting: [Int]) -> Outcome {
    var outcome = Outcome()
    let others = trials.filter { [.failed, .pruned].contains($0.state.kind) }.map(\.number)
    // From the one that goes first to the one that goes last.
    var ended = others + complete.reversed()
    let resting = resting.reversed().filter {
      trials.indices.contains($0) && !trials[$0].isClaimable
    }
    if let count = policy.best {
      for number in ended.dropLast(min(complete.count, max(count, 1))) {
        if remove(trials[number], &outcome) { outcome.ended.append(number) }
      }
    }
    guard let limit = policy.bytes else { return outcome }
    var total = trials.reduce(0) { $0 + bytes(of: $1) }
    let best = complete.first ?? resting.last
    ended.removeAll { $0 == best }
    for number in ended + resting where number != best && total > limit {
      let size = bytes(of: trials[number])
      guard size > 0, remove(trials[number], &outcome) else { continue }
      total -= size - bytes(of: trials[number])
      if trials[number].state == .paused {
        outcome.resting.append(number)
      } else {
        outcome.ended.append(number)
      }
    }
    if total > limit { outcome.excess = total }
    return outcome
  }

  private mutating func bytes(of trial: Trial) -> Int {
    let isAtWork = trial.state == .running || trial.isClaimable
    if !isAtWork, let known = sizes[trial.number], known.attempt == trial.attempt {
      return known.bytes
    }
    let bytes = trial.attempt == 0 ? 0 : folders.checkpointBytes(ofTrial: trial.number)
    sizes[trial.number] = (trial.attempt, bytes)
    return bytes
  }

  /// Whether anything was removed.
  private mutating func remove(_ trial: Trial, _ outcome: inout Outcome) -> Bool {
    guard trial.attempt > 0, collected[trial.number] != trial.attempt else { return false }
    switch folders.removeCheckpoints(of: trial) {
    case .success(let isAnything):
      collected[trial.number] = trial.attempt
      sizes[trial.number] = nil
      return isAnything
    case .failure(let trouble):
      // Said once.
      if !trouble.isTemporary { collected[trial.number] = trial.attempt }
      if let text = trouble.text { outcome.troubles.append("trial \(trial.number): \(text)") }
      return false
    }
  }
}

extension TrialFolders {
  struct RemovalTrouble: Error {
    /// Nil: someone is at work on the trial.
    var text: String?
    var isTemporary: Bool { text == nil }
  }

  /// The names of the folders with checkpoints in a trial's.
  private static let folders = ["checkpoint", "kept"]

  /// The space on disk that a trial's checkpoints take.
  func checkpointBytes(ofTrial number: Int) -> Int {
    let folder = CLibrary.openFile(
      folder(ofTrial: number), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0)
    guard folder >= 0 else { return 0 }
    defer { _ = CLibrary.closeFile(folder) }
    guard var contents = FolderContents(in: folder) else { return 0 }
    for name in Self.folders { contents.measure(name, in: folder) }
    return contents.bytes
  }

  /// Removes a trial's checkpoints, and says so in its log, if it has one. Whether there was anything.
  func removeCheckpoints(of trial: Trial) -> Result<Bool, RemovalTrouble> {
    let path = folder(ofTrial: trial.number)
    guard let lock = FolderLock.take(path, .alone) else {
      switch errno {
      case ENOENT: return .success(false)
      case EWOULDBLOCK: return .failure(RemovalTrouble())
      default: return .failure(RemovalTrouble(text: "\(path): \(Files.trouble())"))
      }
    }
    return withExtendedLifetime(lock) {
      guard checkpointBytes(ofTrial: trial.number) > 0,
        var contents = FolderContents(in: lock.descriptor)
      else { return .success(false) }
      guard KeptCheckpoints(in: path).recordLoss(through: trial.checkpoint) else {
        return .failure(RemovalTrouble(text: "\(path)/kept: nothing can be written there"))
      }
      for name in Self.folders {
        contents.empty(name, in: lock.descriptor) { name == "kept" && $0.hasSuffix(".json") }
      }
      if let trouble = contents.trouble {
        return .failure(RemovalTrouble(text: "\(path)/\(trouble)"))
      }
      TrialLog.append("its checkpoints are removed", to: log(ofTrial: trial.number))
      return .success(true)
    }
  }
}
