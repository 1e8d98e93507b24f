/// Which checkpoints of a study stay on disk. Those of trials that run, or wait for a worker, and that of the best
/// trial always do.
public struct CheckpointPolicy: Sendable, Hashable, Codable {
  /// Of trials that have ended only the best so many keep theirs; nil: all.
  public var best: Int?
  /// The space on disk that all of them may take; nil: any.
  public var bytes: Int?

  public init(best: Int? = nil, bytes: Int? = nil) {
    self.best = best
    self.bytes = bytes
  }
}
