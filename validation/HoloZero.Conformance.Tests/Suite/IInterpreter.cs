using HoloZero.Models.Ops;

namespace HoloZero.Conformance;

/// <summary>What the suite asks of an implementation of <see cref="ITensorOps{T}"/>, whatever its tensors are.</summary>
internal interface IInterpreter
{
    /// <summary>How far its numbers may be from the truth.</summary>
    Tolerances Tolerances { get; }

    /// <summary>The exception that it promises for shapes that do not fit.</summary>
    Type RefusalType { get; }

    /// <summary>The derived operations that it defines itself.</summary>
    IReadOnlyList<string> Overrides { get; }

    /// <summary>The case of that name: its operation and what has to come out.</summary>
    (string Operation, Tensor[] Expected) Case(string name);

    /// <summary>The shapes that it says the results of a case have.</summary>
    int[][] Shapes(string name);

    /// <summary>The results of a case.</summary>
    Tensor[] Run(string name);

    /// <summary>The results of a case with every derived operation as the interface defines it.</summary>
    Tensor[] RunDerived(string name);

    /// <summary>Does what has to be refused.</summary>
    /// <returns>What its message has to contain where it is in words.</returns>
    (Action Attempt, string[] Mentions) Refusal(string name);
}

/// <summary>An implementation of <see cref="ITensorOps{T}"/> under test: subclasses say how tensors go in and come out.</summary>
internal abstract class Interpreter<T> : IInterpreter
{
    private static readonly Dictionary<string, OperationCase<T>> Cases = OperationCases<T>.All.ToDictionary(test => test.Name);
    private static readonly Dictionary<string, Refusal<T>> Refusals = OperationCases<T>.Refusals.ToDictionary(test => test.Name);

    public abstract Tolerances Tolerances { get; }

    public abstract Type RefusalType { get; }

    /// <summary>The class of the operations.</summary>
    protected abstract Type Operations { get; }

    public IReadOnlyList<string> Overrides
    {
        get
        {
            var map = Operations.GetInterfaceMap(typeof(ITensorOps<T>));
            return [.. map.InterfaceMethods.Zip(map.TargetMethods)
                .Where(pair => !pair.First.IsAbstract && pair.Second.DeclaringType is { IsInterface: false })
                .Select(pair => pair.First.Name)];
        }
    }

    public (string Operation, Tensor[] Expected) Case(string name) => (Cases[name].Operation, Cases[name].Expected);

    public int[][] Shapes(string name) => Shapes(Cases[name]);

    public Tensor[] Run(string name) => Run(Cases[name], op => op);

    public Tensor[] RunDerived(string name) => Run(Cases[name], op => new DerivedOps<T>(op));

    public (Action Attempt, string[] Mentions) Refusal(string name)
    {
        var refusal = Refusals[name];
        return (() => Refuse(refusal), [Conformance.Refusal<T>.Module, refusal.Operation, .. refusal.Mentions]);
    }

    protected abstract int[][] Shapes(OperationCase<T> test);

    /// <summary>Runs a case.</summary>
    /// <param name="test">The case.</param>
    /// <param name="decorate">Put around the operations before use.</param>
    protected abstract Tensor[] Run(OperationCase<T> test, Func<ITensorOps<T>, ITensorOps<T>> decorate);

    protected abstract void Refuse(Refusal<T> refusal);
}
