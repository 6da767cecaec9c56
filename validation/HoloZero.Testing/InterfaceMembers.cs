using System.Reflection;

namespace HoloZero.Testing;

/// <summary>Finds methods that were meant to implement a member of an interface and do not.</summary>
public static class InterfaceMembers
{
    /// <summary>
    /// The public instance methods, but for properties, that a class declares and that no member of the interface is mapped to: a mistyped
    /// name or signature, or a derived class that does not list the interface again. The compiler is silent where it has a default.
    /// </summary>
    /// <param name="implementation">The class; it may be abstract.</param>
    /// <param name="definition">The interface, generic or constructed.</param>
    public static IReadOnlyList<string> Strays(Type implementation, Type definition)
    {
        var targets = implementation.GetInterfaces()
            .Where(candidate => candidate == definition || candidate.IsGenericType && candidate.GetGenericTypeDefinition() == definition)
            .SelectMany(candidate => implementation.GetInterfaceMap(candidate).TargetMethods).ToHashSet();
        return [.. implementation.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)
            .Where(method => !method.IsSpecialName && method.GetBaseDefinition().DeclaringType != typeof(object))
            .Where(method => !targets.Contains(method))
            .Select(method => $"{implementation.Name}: {method}")];
    }

    /// <summary>The classes of an assembly that implement the interface.</summary>
    /// <param name="assembly">The assembly.</param>
    /// <param name="definition">The interface, generic or constructed.</param>
    public static IReadOnlyList<Type> Implementations(Assembly assembly, Type definition) => [.. assembly.GetTypes()
        .Where(type => type is { IsClass: true, IsGenericTypeDefinition: false } && type.GetInterfaces().Any(candidate =>
            candidate == definition || candidate.IsGenericType && candidate.GetGenericTypeDefinition() == definition))];
}
