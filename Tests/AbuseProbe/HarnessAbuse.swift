extension AbuseRoom {
  /// Faults of every kind, to see that they are noticed.
  static let harness = AbuseRoom("Harness") { room in
    room.add("sound") { 1 }
    room.add("traps", [0, 3]) { [1, 2][$0] }
    room.refuse("accepts", [-1]) { $0 }
    room.add("hangs") { while true {} }
    room.refuse("refuses", [-1]) { throw Refusal(value: $0) }
  }
}

private struct Refusal: Error { let value: Int }
