internal import OuterloopStudy
internal import OuterloopText

/// What `OptunaWriter` keeps beside a trial, checked key by key before any of it is taken.
enum OptunaExtras {
  /// - Throws: `OptunaFault` naming the first key that holds something else than an export writes.
  static func checked(_ text: String, ofTrial number: Int) throws -> JSON {
    let place = "`trial_user_attributes`, key \(OptunaSchema.trialKey) (trial \(number))"
    func require(_ holds: Bool, _ what: String) throws {
      if !holds { throw OptunaFault(place, "\(what) is not what an export writes") }
    }
    guard let json = JSONReader.value(text), json.members != nil else {
      throw OptunaFault(place, "`value_json` is not an object of JSON")
    }
    for key in ["created", "ended"] { try require(json[key].isNumber, "`\(key)`") }
    for key in ["through", "checkpoint", "seen"] { try require(json[key].isWhole, "`\(key)`") }
    for key in ["message", "state"] { try require(json[key].isText, "`\(key)`") }
    try require(json["reason"].isReason, "`reason`")
    try require(
      json["values"].isNull || json["values"]?.array?.allSatisfy { $0.number != nil } == true,
      "`values`")
    for attempt in try list(json["attempts"], { try require($0, "`attempts`") }) {
      try require(
        attempt["worker"]?.text != nil && attempt["started"]?.number != nil
          && attempt["ended"].isNumber && attempt["reason"].isReason, "`attempts`")
    }
    for report in try list(json["reports"], { try require($0, "`reports`") }) {
      try require(
        report["epoch"]?.int != nil && report["values"]?.numbers != nil
          && report["seconds"].isNumber, "`reports`")
    }
    return json
  }

  private static func list(_ json: JSON?, _ require: (Bool) throws -> Void) throws -> [JSON] {
    guard !json.isNull else { return [] }
    try require(json?.array != nil)
    return json?.array ?? []
  }
}

extension JSON? {
  fileprivate var isNull: Bool { self == nil || self == .some(.null) }
  fileprivate var isNumber: Bool { isNull || self?.number != nil }
  fileprivate var isWhole: Bool { isNull || self?.int != nil }
  fileprivate var isText: Bool { isNull || self?.text != nil }
  fileprivate var isReason: Bool {
    isNull || self?.text.flatMap(FailureReason.init(rawValue:)) != nil
  }
}
