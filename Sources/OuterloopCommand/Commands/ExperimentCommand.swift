internal import ArgumentParser
internal import OuterloopLab

/// The command of an experiment, made of the experiment's settings: an option for each of them.
///
/// The parser finds options by reflecting on the properties of a value. Here the options are created from the
/// settings, and `customMirror` presents them as if they were properties.
struct ExperimentCommand<Work: Experiment>: ParsableCommand, CustomReflectable {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: Work.name, abstract: Work.about.summary,
      discussion: Work.about.question + "\n\n" + Work.about.method)
  }

  private let options: [SettingOption<Work>]
  private var common = OptionGroup<ExperimentOptions>()
  private var changes: [@Sendable (inout Work) -> Void] = []

  init() { options = Work.settings.map { SettingOption($0) } }

  init(from decoder: any Decoder) throws {
    self.init()
    let container = try decoder.container(keyedBy: OptionKey.self)
    changes = try options.compactMap { try $0.change(container) }
    common = try container.decode(
      OptionGroup<ExperimentOptions>.self, forKey: OptionKey(stringValue: "common"))
  }

  /// The names of wrapped properties begin with an underscore.
  var customMirror: Mirror {
    Mirror(
      self,
      children: options.map { ("_" + $0.key.stringValue, $0.option) } + [("_common", common)])
  }

  func run() throws {
    let common = common.wrappedValue
    var work = common.quick ? Work.quick : Work()
    for change in changes { change(&work) }
    try common.perform(work)
  }
}

/// The name of an option for the parser.
struct OptionKey: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }

  init(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}

/// A setting as an option: what the parser reads, and what that changes.
private struct SettingOption<Work: Experiment> {
  typealias Change = @Sendable (inout Work) -> Void
  typealias Values = KeyedDecodingContainer<OptionKey>

  let key: OptionKey
  /// An `Option` of the setting's type.
  private(set) var option: Any = Option<Int?>()
  /// The change to make if the option was given.
  private(set) var change: (Values) throws -> Change? = { _ in nil }

  private let name: NameSpecification
  private let help: ArgumentHelp

  init(_ setting: Setting<Work>) {
    key = OptionKey(stringValue: setting.name)
    name = .customLong(setting.name)
    help = ArgumentHelp(stringLiteral: setting.help, valueName: setting.valueName)
    switch setting.storage {
    case .int(let path): read(Int.self) { value in { $0[keyPath: path] = value } }
    case .seed(let path): read(UInt64.self) { value in { $0[keyPath: path] = value } }
    case .number(let path): read(Double.self) { value in { $0[keyPath: path] = value } }
    case .text(let path): read(String.self) { value in { $0[keyPath: path] = value } }
    case .ints(let path): readList(Int.self) { values in { $0[keyPath: path] = values } }
    case .numbers(let path): readList(Double.self) { values in { $0[keyPath: path] = values } }
    case .words(let path): readList(String.self) { values in { $0[keyPath: path] = values } }
    }
  }

  private mutating func read<Value: ExpressibleByArgument & Decodable & Sendable>(
    _: Value.Type, _ set: @escaping (Value) -> Change
  ) {
    option = Option<Value?>(name: name, help: help)
    change = { [key] container in
      let option: Option<Value?> = try container.decode(Option<Value?>.self, forKey: key)
      return option.wrappedValue.map(set)
    }
  }

  private mutating func readList<Value: ExpressibleByArgument & Decodable & Sendable>(
    _: Value.Type, _ set: @escaping ([Value]) -> Change
  ) {
    option = Option<[Value]>(wrappedValue: [], name: name, parsing: .upToNextOption, help: help)
    change = { [key] container in
      let option: Option<[Value]> = try container.decode(Option<[Value]>.self, forKey: key)
      return option.wrappedValue.isEmpty ? nil : set(option.wrappedValue)
    }
  }
}

extension ArgumentHelp {
  fileprivate init(stringLiteral text: String, valueName: String?) {
    self.init(stringLiteral: text)
    self.valueName = valueName
  }
}
