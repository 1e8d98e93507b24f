internal import OuterloopPlatform
internal import OuterloopPostgres

extension CommandText {
  /// Overwrites the passwords of URLs in the arguments of this process, which everyone on the machine can
  /// read, and warns that they were visible until then.
  static func hidePasswords() {
    // The arguments are read first.
    let words = [""] + arguments
    guard words.contains(where: { isStore($0) && PostgresAddress.withoutPasswords($0) != $0 })
    else { return }
    for place in 1..<Int(CommandLine.argc) {
      guard let word = CommandLine.unsafeArgv[place] else { break }
      let text = String(cString: word)
      // Not longer than what it replaces.
      let shown = PostgresAddress.withoutPasswords(text).replacing("…", with: "")
      guard isStore(text), words.contains(text), shown.utf8.count < text.utf8.count else {
        continue
      }
      for (index, byte) in shown.utf8.enumerated() { word[index] = CChar(bitPattern: byte) }
      for index in shown.utf8.count..<text.utf8.count { word[index] = 0 }
    }
    Terminal.say(
      "warning: a password on a command line may be seen by others and is kept by shells; give the address "
        + "in OUTERLOOP_STORE, or the password in PGPASSWORD or ~/.pgpass")
  }

  private static func isStore(_ word: String) -> Bool {
    ["", "--store="].contains { start in
      ["postgres://", "postgresql://"].contains { word.hasPrefix(start + $0) }
    }
  }
}
