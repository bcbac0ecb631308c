using System.Data;
using ArdorQr.Contracts;
using Dapper;

namespace ArdorQr.ServiceDefaults.Database;

/// <summary>
/// How our types travel through Dapper: times as UTC <c>timestamptz</c>, kopecks and USDT as <c>bigint</c>, a mode as
/// text; <c>snake_case</c> columns fill PascalCase properties.
/// </summary>
internal static class DatabaseTypes
{
    internal static void Register()
    {
        DefaultTypeMap.MatchNamesWithUnderscores = true;
        SqlMapper.RemoveTypeMap(typeof(DateTimeOffset)); // Its built-in mapping bypasses handlers and rejects timestamptz.
        SqlMapper.RemoveTypeMap(typeof(DateTimeOffset?));
        SqlMapper.AddTypeHandler(new UtcHandler());
        SqlMapper.AddTypeHandler(new KopecksHandler());
        SqlMapper.AddTypeHandler(new UsdtHandler());
        SqlMapper.AddTypeHandler(new ModeHandler());
    }

    private sealed class UtcHandler : SqlMapper.TypeHandler<DateTimeOffset>
    {
        public override DateTimeOffset Parse(object value) => value switch
        {
            DateTime time => new DateTimeOffset(DateTime.SpecifyKind(time, DateTimeKind.Utc)),
            DateTimeOffset time => time.ToUniversalTime(),
            _ => throw new DataException($"A {value.GetType()} is not a time."),
        };

        public override void SetValue(IDbDataParameter parameter, DateTimeOffset value) => parameter.Value = value.ToUniversalTime();
    }

    private sealed class KopecksHandler : SqlMapper.TypeHandler<Kopecks>
    {
        public override Kopecks Parse(object value) => new((long)value);

        public override void SetValue(IDbDataParameter parameter, Kopecks value)
        {
            parameter.DbType = DbType.Int64;
            parameter.Value = value.Value;
        }
    }

    private sealed class UsdtHandler : SqlMapper.TypeHandler<Usdt>
    {
        public override Usdt Parse(object value) => Usdt.FromMicros((long)value);

        public override void SetValue(IDbDataParameter parameter, Usdt value)
        {
            parameter.DbType = DbType.Int64;
            parameter.Value = value.Micros;
        }
    }

    private sealed class ModeHandler : SqlMapper.TypeHandler<Mode>
    {
        public override Mode Parse(object value) => Mode.Parse((string)value);

        public override void SetValue(IDbDataParameter parameter, Mode? value)
        {
            parameter.DbType = DbType.String;
            parameter.Value = value?.Code ?? (object)DBNull.Value;
        }
    }
}
