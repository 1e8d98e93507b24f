/// What a program may use, and how it is ended.
public struct ProgramLimits: Sendable, Hashable, Codable {
  /// Seconds of wall-clock time for a trial; nil: no limit.
  public var seconds: Double?
  /// Bytes of resident memory for a trial's process group; nil: no limit.
  ///
  /// Looked at four times a second: what grows faster can go beyond it for that long. Limits on
  /// address space, which the system could keep at once, would hit programs that reserve much and
  /// use little, as those on GPUs do.
  public var memory: Int?
  /// Seconds between SIGTERM and SIGKILL.
  public var grace = 5.0
  /// As `grace`, where someone asked to stop at once.
  public var hurriedGrace = 1.0
  /// Seconds for which output is still read once the program has ended, if a process it left behind
  /// holds it open. Then what is left of its process group is ended.
  public var drain = 1.0
  /// Bytes of a trial's log.
  public var log = 8 << 20

  /// - Parameter grace: seconds between SIGTERM and SIGKILL, whoever asked; nil: the usual ones.
  public init(seconds: Double? = nil, memory: Int? = nil, grace: Double? = nil) {
    self.grace = grace ?? self.grace
    hurriedGrace = grace ?? hurriedGrace

    self.seconds = seconds
    self.memory = memory
  }
}
