"""What training runs save beside a model, pickled by Python itself: beside-2.pkl, beside-4.pkl, beside-5.pkl.

python3 make-beside.py, with Python 3.11; nothing but the standard library.
"""
import collections, datetime, decimal, enum, fractions, pathlib, pickle, random, sys, types, uuid

ours = types.ModuleType("mytrainer")
sys.modules["mytrainer"] = ours


def belongs(cls):
    cls.__module__, cls.__qualname__ = "mytrainer", cls.__name__
    setattr(ours, cls.__name__, cls)
    return cls


@belongs
class Stage(enum.Enum):
    WARM_UP = "warm-up"


@belongs
class Flags(enum.Flag):
    A = 1
    B = 2


@belongs
class Settings:
    def __init__(self):
        self.rate, self.stage, self.self = 1e-3, Stage.WARM_UP, self


@belongs
class Words(list):
    pass


@belongs
class Table(dict):
    pass


@belongs
class Tags(set):
    pass


@belongs
class Version(str):
    pass


@belongs
class Named:
    def __new__(cls, *, width):
        return object.__new__(cls)

    def __getnewargs_ex__(self):
        return (), {"width": 3}


Point = belongs(collections.namedtuple("Point", "x y"))


def factory():
    return 0


factory.__module__, factory.__qualname__ = "mytrainer", "factory"
ours.factory = factory

beside = {
    "date": datetime.datetime(2026, 11, 28, tzinfo=datetime.timezone.utc), "took": datetime.timedelta(seconds=7),
    "decimal": decimal.Decimal("0.1"), "fraction": fractions.Fraction(1, 3), "uuid": uuid.UUID(int=7),
    "namespace": types.SimpleNamespace(a=1), "stage": Stage.WARM_UP, "flags": Flags.A | Flags.B, "settings": Settings(),
    "words": Words(["a", Stage.WARM_UP]), "table": Table(a=1), "tags": Tags([1, 2]), "version": Version("2.1.0"), "named": Named(width=3),
    "point": Point(1, 2), "counted": collections.defaultdict(factory, a=1), "random": random.Random(1).getstate(), "class": Settings,
    "method": Settings().__init__, "path": pathlib.PurePosixPath("/a"), "bytes": b"\x00\xff", "set": {Stage.WARM_UP},
    "frozen": frozenset([uuid.UUID(int=8)]), "order": collections.OrderedDict(a=Stage.WARM_UP), "chain": collections.ChainMap({"a": 1}),
}
for protocol in (2, 4, 5):
    with open(f"beside-{protocol}.pkl", "wb") as file:
        pickle.dump(beside, file, protocol)
