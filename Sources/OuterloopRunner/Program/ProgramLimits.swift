/// What a program may use, and how it is terminated.
public struct ProgramLimits: Sendable, Hashable, Codable {
  /// Seconds of wall-clock time for a trial; nil: no limit.
  public var seconds: Double?
  /// Bytes of resident memory for a trial's process group; nil: no limit.
  ///
  /// Checked four times a second: a program that grows faster can exceed it for that long. Limits
  /// on address space, which the system could enforce at once, would hit programs that reserve much
  /// and use little, as those on GPUs do.
  public var memory: Int?
  /// Seconds between SIGTERM and SIGKILL.
  public var grace = 5.0
  /// Like `grace`, where someone asked to stop at once.
  public var hurriedGrace = 1.0
  /// Seconds for which output is still read once the program has exited, if a process it left
  /// behind holds the stream open. Then the rest of its process group is ended.
  public var drain = 1.0
  /// The largest size of a trial's log, in bytes.
  public var log = 8 << 20

  /// - Parameter grace: seconds between SIGTERM and SIGKILL, whatever the reason; nil: the defaults.
  public init(seconds: Double? = nil, memory: Int? = nil, grace: Double? = nil) {
    self.grace = grace ?? self.grace
    hurriedGrace = grace ?? hurriedGrace

    self.seconds = seconds
    self.memory = memory
  }
}
