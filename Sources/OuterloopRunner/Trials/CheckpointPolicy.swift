/// Which checkpoints of a study are kept on disk. Those of trials that are running or waiting for a worker, and
/// that of the best trial, always are.
public struct CheckpointPolicy: Sendable, Hashable, Codable {
  /// How many finished trials, the best ones, keep theirs; nil: all.
  public var best: Int?
  /// The disk space that they may take in all; nil: no limit.
  public var bytes: Int?

  public init(best: Int? = nil, bytes: Int? = nil) {
    self.best = best
    self.bytes = bytes
  }
}
