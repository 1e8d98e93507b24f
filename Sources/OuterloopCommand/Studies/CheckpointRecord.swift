internal import OuterloopLab
internal import OuterloopRunner
internal import OuterloopText

/// A checkpoint in JSON.
struct CheckpointRecord: Encodable {
  var trial, epoch: Int
  /// Its path, if it is intact; else null.
  @OrNull var path: String?
  /// `whole`, `damaged` or `gone`.
  var state: String

  init(_ checkpoint: SavedCheckpoint, of trial: Int) {
    self.trial = trial
    epoch = checkpoint.epoch
    switch checkpoint.state {
    case .whole(let path): (self.path, state) = (path, "whole")
    case .damaged: (path, state) = (nil, "damaged")
    case .gone: (path, state) = (nil, "gone")
    }
  }

  /// For people.
  var text: String {
    "checkpoint of epoch \(epoch): "
      + (path?.visible ?? (state == "gone" ? "it is gone" : "it is damaged"))
  }
}
