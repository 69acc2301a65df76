with delivered as (
    select
        source.file_id,
        source.row_number,
        files.decimal_comma,
        source.unparsable,
        source.id_keluarga as family_id_text,
        source.nomor_kartu_keluarga as family_card_no_text,
        {{ undotted(trimmed('source.kode_desa')) }} as village_code,
        source.desil_nasional as welfare_decile_text,
        source.peringkat_nasional as welfare_rank_text,
        source.luas_lantai as floor_area_text,
        source.jenis_lantai_terluas as floor_material_text,
        source.jenis_dinding_terluas as wall_material_text,
        source.jenis_atap_terluas as roof_material_text,
        source.fasilitas_bab as toilet_text,
        source.sumber_air_minum_utama as drinking_water_text,
        source.daya_terpasang as electricity_text,
        source.status_kepemilikan_rumah as tenure_text,
        source.tanggal_pemutakhiran as updated_on_text
    from {{ source('raw', 'dtsen_keluarga') }} as source
    inner join {{ ref('stg_files') }} as files on source.file_id = files.file_id
),

parsed as (
    select
        *,
        {{ trimmed('family_id_text') }} as family_id,
        {{ trimmed('family_card_no_text') }} as family_card_no,
        {{ parse_integer('welfare_decile_text') }} as any_decile,
        {{ parse_integer('welfare_rank_text') }} as any_rank,
        {{ parse_decimal('floor_area_text', 'decimal_comma', 'decimal(7, 1)') }} as floor_area_m2,
        {{ parse_integer('electricity_text') }} as any_electricity,
        {{ parse_code('floor_material_text', 'floor_materials') }} as floor_material,
        {{ parse_code('wall_material_text', 'wall_materials') }} as wall_material,
        {{ parse_code('roof_material_text', 'roof_materials') }} as roof_material,
        {{ parse_code('toilet_text', 'toilets') }} as toilet,
        {{ parse_code('drinking_water_text', 'drinking_waters') }} as drinking_water,
        {{ parse_code('tenure_text', 'tenures') }} as tenure,
        {{ parse_date('updated_on_text') }} as updated_on
    from delivered
),

in_domain as (
    select
        *,
        case when any_decile between 1 and 10 then any_decile end as welfare_decile,
        case when any_rank >= 1 then any_rank end as welfare_rank,
        case when any_electricity in ({{ var('electricity_powers') | join(', ') }}) then any_electricity end
            as electricity_va
    from parsed
)

select
    families.file_id,
    families.row_number,
    {{ row_key('families') }} as family_key,
    families.family_id,
    families.family_card_no,
    families.village_code,
    cast(families.welfare_decile as integer) as welfare_decile,
    families.welfare_rank,
    families.floor_area_m2,
    families.floor_material,
    families.wall_material,
    families.roof_material,
    families.toilet,
    families.drinking_water,
    cast(families.electricity_va as integer) as electricity_va,
    families.tenure,
    families.updated_on,
    {{ is_unread('families.floor_material_text', 'families.floor_material') }}
    or {{ is_unread('families.wall_material_text', 'families.wall_material') }}
    or {{ is_unread('families.roof_material_text', 'families.roof_material') }}
    or {{ is_unread('families.toilet_text', 'families.toilet') }}
    or {{ is_unread('families.drinking_water_text', 'families.drinking_water') }}
    or {{ is_unread('families.tenure_text', 'families.tenure') }} as flag_bad_code,
    {{ is_unread('families.welfare_decile_text', 'families.welfare_decile') }}
    or {{ is_unread('families.welfare_rank_text', 'families.welfare_rank') }}
    or {{ is_unread('families.floor_area_text', 'families.floor_area_m2') }}
    or {{ is_unread('families.electricity_text', 'families.electricity_va') }} as flag_bad_value,
    villages.area_code is null as flag_unknown_village,
    case
        when families.unparsable is not null then 'unparsable'
        when
            families.family_id is null
            or families.village_code is null
            or {{ is_empty('families.updated_on_text', 'families.updated_on') }}
            then 'missing_key'
        when not {{ is_key('families.family_id') }} then 'bad_key'
        when families.updated_on is null then 'bad_value'
        when regencies.area_code is null or not {{ matches('families.village_code', '[0-9]{10}') }} then 'unknown_area'
    end as row_rule
from in_domain as families
left join {{ ref('stg_areas') }} as regencies
    on substr(families.village_code, 1, 4) = regencies.area_code and regencies.area_level = 'regency'
left join {{ ref('stg_areas') }} as villages
    on families.village_code = villages.area_code and villages.area_level = 'village'
